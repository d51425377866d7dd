"""Writes and reads keys, round after round, until its standard input ends. It retries nothing and has no retry policy: the node that
takes a call waits through a planned stop or a handover for it. It prints a line for each round: how many calls were served, and the
errors of the others.

    python3 without_retries.py 127.0.0.1:9090,127.0.0.1:9091 user:1 user:2
"""

import json
import sys
import threading

import grpc
from kv.v1 import kv_pb2, kv_pb2_grpc

# Longer than a failover.
TIMEOUT_SECONDS = 20
ROUND_ROBIN = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})


def main(nodes, keys):
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    with grpc.insecure_channel("ipv4:" + nodes, options=[("grpc.service_config", ROUND_ROBIN)]) as channel:
        stub = kv_pb2_grpc.KeyValueStub(channel)
        while not ended.is_set():
            errors = []
            for key in keys:
                try:
                    stub.Put(kv_pb2.PutRequest(key=key, value=key.encode()), timeout=TIMEOUT_SECONDS)
                    stub.Get(kv_pb2.GetRequest(key=key), timeout=TIMEOUT_SECONDS)
                except grpc.RpcError as error:
                    errors.append(f"{error.code().name}: {error.details()}")
            print(len(keys) - len(errors), *errors, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
