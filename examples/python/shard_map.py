"""Who leads each shard, followed as the nodes tell it (docs/placement.md, "Following the topology").

Every node is watched, and asked only for the shards that it holds, since of others it knows no primary. That is the simplest way
to learn of every change at once; a client of a large cluster watches fewer nodes, as that document says.

An address may come to belong to another cluster. So the map belongs to the first cluster that answers, names it in every request
from then on, and learns nothing from a node of another one.
"""

import threading

import grpc
from kv.v1 import kv_pb2, kv_pb2_grpc

from shard_of_key import shard_of_key

WATCH_AGAIN_SECONDS = 0.5


class ShardMap:
    """Close it: it has a thread for each node."""

    def __init__(self, nodes):
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._cluster_id = None
        self._shard_count = 0
        self._leaders = {}  # shard: (epoch, address)
        self._watched = {}  # address: channel
        for address in nodes:
            self._watch(address)

    @property
    def nodes(self):
        with self._changed:
            return list(self._watched)

    def naming(self):
        """The metadata that names the cluster of a request; a node of another one refuses it with WRONG_CLUSTER."""
        with self._changed:
            return () if self._cluster_id is None else (("kv-cluster", self._cluster_id),)

    def primary_of(self, key):
        """The address of the node to ask about the key; None while none is known: any node takes the request."""
        with self._changed:
            if self._shard_count == 0:
                return None
            return self._leaders.get(shard_of_key(key, self._shard_count), (0, None))[1]

    def wait_until_whole(self, timeout):
        """Returns whether the primary of every shard is known."""
        with self._changed:
            return self._changed.wait_for(lambda: 0 < self._shard_count == self._led(), timeout)

    def close(self):
        self._closed.set()
        with self._changed:
            channels = list(self._watched.values())
        for channel in channels:
            channel.close()

    def _led(self):
        return sum(address is not None for _, address in self._leaders.values())

    def _watch(self, address):
        with self._changed:
            if address in self._watched or self._closed.is_set():
                return
            self._watched[address] = grpc.insecure_channel(address)
        threading.Thread(target=self._follow, args=(address,), daemon=True).start()

    def _follow(self, address):
        channel = self._watched[address]
        request = kv_pb2.GetTopologyRequest(changes_only=True, held_only=True)
        while not self._closed.is_set():
            try:
                for topology in kv_pb2_grpc.ClusterStub(channel).WatchTopology(request, metadata=self.naming()):
                    self._learn(topology)
            except (grpc.RpcError, ValueError):  # The node is gone, or the channel was closed.
                self._closed.wait(WATCH_AGAIN_SECONDS)

    def _learn(self, topology):
        with self._changed:
            self._cluster_id = self._cluster_id or topology.cluster_id
            if topology.cluster_id != self._cluster_id:
                return
            self._shard_count = topology.shard_count
            for shard in topology.shards:
                epoch, address = self._leaders.get(shard.shard, (0, None))
                # Of a shard the highest epoch is right, whoever tells it: one that was cut off tells an old one.
                if shard.epoch > epoch or (shard.epoch == epoch and address is None):
                    self._leaders[shard.shard] = (shard.epoch, shard.primary_address or None)
            self._changed.notify_all()
        for node in topology.nodes:
            self._watch(node.address)
