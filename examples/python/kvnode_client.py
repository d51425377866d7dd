"""A small client of kvnode on plain gRPC. It sends requests directly to the primary of their key. gRPC's own retry policy retries
reads. The client retries writes itself, as the trailers of an error allow (docs/other-languages.md explains both).
"""

import json
import random
import time

import grpc
from kv.v1 import kv_pb2, kv_pb2_grpc

from shard_map import ShardMap

# For Get only. gRPC makes at most five attempts, even with a larger maxAttempts; these span about seven seconds.
RETRY_READS = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{"service": "kv.v1.KeyValue", "method": "Get"}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.3s",
                "maxBackoff": "5s",
                "backoffMultiplier": 2.5,
                "retryableStatusCodes": ["UNAVAILABLE", "UNKNOWN", "RESOURCE_EXHAUSTED"],
            },
        }
    ],
}

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0


class KvnodeError(Exception):
    """The error of an operation, as a node or the transport reports it."""

    def __init__(self, error):
        trailers = dict(error.trailing_metadata() or ())
        # Without trailers the error is not from a node: a connection broke, or the deadline passed.
        self.code = trailers.get("kv-code", error.code().name)
        self.executed = trailers.get("kv-executed", "unknown")
        self.primary = trailers.get("kv-primary")
        self.current_version = int(trailers["kv-version"]) if "kv-version" in trailers else None
        self.may_retry = self.executed == "no" and (
            error.code() == grpc.StatusCode.UNAVAILABLE or self.code == "OVERLOADED"
        )
        super().__init__(f"{self.code}, executed: {self.executed}: {error.details()}")


def channel_of_all(nodes):
    """One channel over several nodes (IPv4 addresses). A failed attempt is repeated at the next node."""
    return grpc.insecure_channel(
        "ipv4:" + ",".join(nodes), options=[("grpc.service_config", json.dumps(RETRY_READS))]
    )


class KvnodeClient:
    def __init__(self, nodes):
        self.shards = ShardMap(nodes)
        self._any = channel_of_all(nodes)
        self._channels = {}
        self.passed_on = 0  # Answers of nodes that had to forward the request.

    def get(self, key, timeout=10.0):
        """Returns the response, whose field `found` is false if there is no such key. Every failed read may be retried."""
        request = kv_pb2.GetRequest(key=key)
        try:
            return self._call(self._primary_channel(key), "Get", request, timeout / 2)
        except grpc.RpcError:
            return self._call(self._any, "Get", request, timeout / 2)

    def put(self, key, value, if_version=None, timeout=10.0):
        return self._write("Put", key, kv_pb2.PutRequest(key=key, value=value, if_version=if_version), timeout)

    def delete(self, key, if_version=None, timeout=10.0):
        return self._write("Delete", key, kv_pb2.DeleteRequest(key=key, if_version=if_version), timeout)

    def close(self):
        self.shards.close()
        for channel in [self._any, *self._channels.values()]:
            channel.close()

    def _write(self, method, key, request, timeout):
        """Retries until the deadline, but only writes that were definitely not executed."""
        deadline = time.monotonic() + timeout
        pause = FIRST_PAUSE_SECONDS
        channel = self._primary_channel(key)
        while True:
            try:
                return self._call(channel, method, request, deadline - time.monotonic())
            except grpc.RpcError as error:
                failure = KvnodeError(error)
                # Another cluster has the primary's address now. Any node of the right cluster forwards the request.
                is_misdirected = failure.code == "WRONG_CLUSTER" and channel is not self._any
                if not (failure.may_retry or is_misdirected) or time.monotonic() + pause >= deadline:
                    raise failure from error
                if is_misdirected:
                    channel = self._any
                else:
                    channel = self._channel(failure.primary) if failure.primary else self._primary_channel(key)
            time.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _call(self, channel, method, request, timeout):
        rpc = getattr(kv_pb2_grpc.KeyValueStub(channel), method)
        response, call = rpc.with_call(request, timeout=timeout, metadata=self.shards.naming())
        if "kv-primary" in dict(call.trailing_metadata() or ()):
            self.passed_on += 1
        return response

    def _primary_channel(self, key):
        address = self.shards.primary_of(key)
        return self._any if address is None else self._channel(address)

    def _channel(self, address):
        if address not in self._channels:
            self._channels[address] = grpc.insecure_channel(address)
        return self._channels[address]
