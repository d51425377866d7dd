"""Computes the shard of a key. docs/placement.md has the rule, and the table with which this is tested.

    python3 shard_of_key.py 16 user:1 "{user:1}:name"
"""

import sys
import zlib


def key_hash(key: str) -> int:
    """CRC-32 of the key in UTF-8, or of the text in its first pair of braces."""
    data = key.encode("utf-8")
    begin = data.find(b"{")
    end = data.find(b"}", begin + 1) if begin >= 0 else -1
    tag = data[begin + 1 : end] if end > begin + 1 else data
    return zlib.crc32(tag)


def shard_of_key(key: str, shard_count: int) -> int:
    return key_hash(key) % shard_count


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        print(f"{key_hash(argument):#010x} {shard_of_key(argument, int(sys.argv[1]))}")
