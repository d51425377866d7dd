"""Computes the slot and the shard of a key. docs/placement.md has the rule, and the table with which this is tested.

    python3 shard_of_key.py 16 user:1 "{user:1}:name"
"""

import binascii
import sys

SLOTS = 16384


def slot_of_key(key: str) -> int:
    """CRC-16/XMODEM of the key in UTF-8, or of the text in its first pair of braces, as in Redis Cluster."""
    data = key.encode("utf-8")
    begin = data.find(b"{")
    end = data.find(b"}", begin + 1) if begin >= 0 else -1
    tag = data[begin + 1 : end] if end > begin + 1 else data
    return binascii.crc_hqx(tag, 0) % SLOTS


def shard_of_key(key: str, shard_count: int) -> int:
    return slot_of_key(key) * shard_count // SLOTS


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        print(slot_of_key(argument), shard_of_key(argument, int(sys.argv[1])))
