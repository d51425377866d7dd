import java.nio.charset.StandardCharsets;

/** Computes the slot and the shard of a key. docs/placement.md has the rule, and a table for tests of it. */
final class ShardOfKey {
  private static final int SLOTS = 16384;

  /** CRC-16/XMODEM of the key in UTF-8, or of the text in its first pair of braces, as in Redis Cluster. */
  static int slotOf(String key) {
    int begin = key.indexOf('{');
    int end = begin < 0 ? -1 : key.indexOf('}', begin + 1);
    String tag = end > begin + 1 ? key.substring(begin + 1, end) : key;
    return crc16(tag.getBytes(StandardCharsets.UTF_8)) % SLOTS;
  }

  static int shardOf(String key, int shardCount) {
    return slotOf(key) * shardCount / SLOTS;
  }

  private static int crc16(byte[] bytes) {
    int remainder = 0;
    for (byte next : bytes) {
      remainder ^= (next & 0xff) << 8;
      for (int bit = 0; bit < 8; bit++)
        remainder = (remainder & 0x8000) == 0 ? remainder << 1 : (remainder << 1) ^ 0x1021;
    }
    return remainder & 0xffff;
  }

  private ShardOfKey() {}
}
