"""Reads keys, round after round, until its standard input ends. It uses only plain gRPC and a retry policy, so nodes may start and
stop meanwhile. It prints a line for each round: how many keys were found, and which nodes answered.

    python3 keep_reading.py 127.0.0.1:9090,127.0.0.1:9091 user:1 user:2
"""

import sys
import threading

from kv.v1 import kv_pb2, kv_pb2_grpc
from kvnode_client import channel_of_all

READ_TIMEOUT_SECONDS = 20


def main(nodes, keys):
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    with channel_of_all(nodes) as channel:
        stub = kv_pb2_grpc.KeyValueStub(channel)
        while not ended.is_set():
            answers = [stub.Get(kv_pb2.GetRequest(key=key), timeout=READ_TIMEOUT_SECONDS) for key in keys]
            found = sum(answer.found for answer in answers)
            print(found, *sorted({answer.node_id for answer in answers}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1].split(","), sys.argv[2:])
