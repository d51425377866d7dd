import java.util.Map;

/** Compares ShardOfKey with the table in docs/placement.md. */
public final class ShardOfKeyCheck {
  private static final Map<String, Long> VECTORS =
      Map.of(
          "", 0x00000000L,
          "a", 0xe8b7be43L,
          "123456789", 0xcbf43926L,
          "Straße", 0x47826b51L,
          "😀", 0x054db544L,
          "a{user:1}b{c}", 0x7ba5c282L,
          "x{}{user:1}", 0xb30eafcdL,
          "{user:1", 0xb964388eL,
          "{{a}}", 0xb7a7e30cL);

  public static void main(String[] words) {
    VECTORS.forEach(
        (key, hash) -> {
          if (ShardOfKey.keyHash(key) != hash) throw new AssertionError(key + ": " + ShardOfKey.keyHash(key));
        });
    System.out.println(VECTORS.size() + " hashes as in the table");
  }
}
