"""Prints the keys that begin with a prefix, of all shards in the order of their bytes (docs/scans.md).

    python3 scan.py 127.0.0.1:9090,127.0.0.1:9091 user:
"""

import heapq
import sys
import time

import grpc
from kv.v1 import kv_pb2, kv_pb2_grpc

from kvnode_client import KvnodeError
from shard_map import ShardMap

PAGE_TIMEOUT_SECONDS = 10.0
AGAIN_SECONDS = 0.1


def keys_of_shard(shards, shard, prefix):
    """The records of one shard in order. After an error the scan goes on behind the last key, at the primary by then."""
    after = ""
    give_up = time.monotonic() + PAGE_TIMEOUT_SECONDS
    while True:
        address = shards.primary_of_shard(shard)
        try:
            if address is not None:
                with grpc.insecure_channel(address) as channel:
                    request = kv_pb2.ScanRequest(shard=shard, prefix=prefix, after=after)
                    pages = kv_pb2_grpc.KeyValueStub(channel).Scan(request, metadata=shards.naming())
                    for page in pages:
                        for record in page.records:
                            yield record
                            after = record.key
                        give_up = time.monotonic() + PAGE_TIMEOUT_SECONDS
                        if page.is_exhausted:
                            return
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNKNOWN):
                raise KvnodeError(error) from error
        if time.monotonic() > give_up:
            sys.exit(f"shard {shard} is not served")
        time.sleep(AGAIN_SECONDS)


def scan(shards, prefix=""):
    """Python compares strings by code points, which is the order of their UTF-8 bytes."""
    runs = [keys_of_shard(shards, shard, prefix) for shard in range(shards.shard_count)]
    return heapq.merge(*runs, key=lambda record: record.key)


def main(nodes, prefix):
    shards = ShardMap(nodes)
    try:
        if not shards.wait_until_whole(timeout=20):
            sys.exit("some shard has no known primary")
        for record in scan(shards, prefix):
            print(record.key, record.version, record.value.decode(errors="replace"))
    finally:
        shards.close()


if __name__ == "__main__":
    main(sys.argv[1].split(","), sys.argv[2] if len(sys.argv) > 2 else "")
