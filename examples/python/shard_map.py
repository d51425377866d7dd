"""The primary of each shard, from the reports of the nodes (docs/placement.md, "Following the topology").

The map watches every node, and requests only the shards that the node holds, because it knows no primary of other shards. That is
the simplest way to learn of every change at once. A client of a large cluster watches fewer nodes, as that document explains.

An address may later belong to another cluster. So the map keeps to the first cluster that answers. It names this cluster in
every request from then on, and ignores nodes of other clusters.
"""

import threading

import grpc
from kv.v1 import kv_pb2, kv_pb2_grpc

from shard_of_key import shard_of_key

WATCH_AGAIN_SECONDS = 0.5


class ShardMap:
    """Has a thread for each node, and so must be closed."""

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
        """The metadata that names the cluster. A node of another cluster refuses the request with WRONG_CLUSTER."""
        with self._changed:
            return () if self._cluster_id is None else (("kv-cluster", self._cluster_id),)

    def primary_of(self, key):
        """The address of the key's primary; None while it is not known: then any node accepts the request."""
        with self._changed:
            if self._shard_count == 0:
                return None
            return self._leaders.get(shard_of_key(key, self._shard_count), (0, None))[1]

    @property
    def shard_count(self):
        with self._changed:
            return self._shard_count

    def primary_of_shard(self, shard):
        """The address of the primary; None while it is not known."""
        with self._changed:
            return self._leaders.get(shard, (0, None))[1]

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
            except (grpc.RpcError, ValueError):  # The node has stopped, or the channel was closed.
                self._closed.wait(WATCH_AGAIN_SECONDS)

    def _learn(self, topology):
        with self._changed:
            self._cluster_id = self._cluster_id or topology.cluster_id
            if topology.cluster_id != self._cluster_id:
                return
            self._shard_count = topology.shard_count
            for shard in topology.shards:
                epoch, address = self._leaders.get(shard.shard, (0, None))
                # The report with the highest epoch is right: a node that was cut off reports an old epoch.
                if shard.epoch > epoch or (shard.epoch == epoch and address is None):
                    self._leaders[shard.shard] = (shard.epoch, shard.primary_address or None)
            self._changed.notify_all()
        for node in topology.nodes:
            self._watch(node.address)
