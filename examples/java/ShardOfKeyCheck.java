import java.util.Map;

/** Compares ShardOfKey with the table in docs/placement.md. */
public final class ShardOfKeyCheck {
  private static final Map<String, Integer> VECTORS =
      Map.of(
          "", 0,
          "user:1", 10778,
          "123456789", 12739,
          "Straße", 3130,
          "😀", 2959,
          "a{user:1}b{c}", 10778,
          "x{}{user:1}", 5764,
          "{user:1", 9556,
          "{{a}}", 10276,
          "foo{bar}{zap}", 5061);

  public static void main(String[] words) {
    VECTORS.forEach(
        (key, slot) -> {
          if (ShardOfKey.slotOf(key) != slot) throw new AssertionError(key + ": " + ShardOfKey.slotOf(key));
        });
    if (ShardOfKey.shardOf("user:1", 16) != 10) throw new AssertionError("shard " + ShardOfKey.shardOf("user:1", 16));
    System.out.println(VECTORS.size() + " slots as in the table");
  }
}
