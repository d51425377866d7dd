import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** Computes the shard of a key. docs/placement.md has the rule, and a table for tests of it. */
final class ShardOfKey {
  /** CRC-32 of the key in UTF-8, or of the text in its first pair of braces; unsigned, so not an int. */
  static long keyHash(String key) {
    int begin = key.indexOf('{');
    int end = begin < 0 ? -1 : key.indexOf('}', begin + 1);
    String tag = end > begin + 1 ? key.substring(begin + 1, end) : key;
    CRC32 crc = new CRC32();
    crc.update(tag.getBytes(StandardCharsets.UTF_8));
    return crc.getValue();
  }

  static int shardOf(String key, int shardCount) {
    return (int) (keyHash(key) % shardCount);
  }

  private ShardOfKey() {}
}
