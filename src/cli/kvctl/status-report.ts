/** A cluster as tables for people. Pure: what is shown depends only on what the nodes answered. */
import Table from 'cli-table3';
import type { NodeStatus, PeerStatus, ReplicaStatus, ShardInfo, Topology } from '../../rpc/kv-api.js';
import type { ClusterView } from './gather.js';

export function renderStatus(view: ClusterView): string {
  const parts = [`cluster ${view.topology.clusterId}`, nodeTable(view), shardTable(view), replicaTable(view)];
  const warnings = collectWarnings(view);
  if (warnings.length > 0) parts.push(['warnings:', ...warnings.map((warning) => `  ! ${warning}`)].join('\n'));
  return parts.join('\n\n');
}

/** What the nodes say of themselves, and what only a view of all of them shows. Each said once. */
export function collectWarnings(view: ClusterView): string[] {
  const silent = view.answers.flatMap(({ node, problem }) =>
    problem === undefined ? [] : [`node ${node.id} is registered but does not answer: ${problem}`],
  );
  const told = view.answers.flatMap(({ node, status }) => (status?.warnings ?? []).map((warning) => `${node.id}: ${warning}`));
  const shards = view.topology.shards.flatMap((shard) =>
    shard.offline
      ? [
          `shard ${shard.shard} is offline: no in-sync replica of it is live; start one that has its data, or see "kvctl shard force-primary ${shard.shard}"`,
        ]
      : [],
  );
  return [...new Set([...shards, ...silent, ...told])];
}

function nodeTable({ answers }: ClusterView): string {
  const table = plainTable(['node', 'address', 'up', 'memory', 'zookeeper', 'version']);
  for (const { node, status } of answers) {
    table.push([node.id, node.address, ...(status === undefined ? ['no answer', '', '', ''] : factsOf(status))]);
  }
  return table.toString();
}

function shardTable({ topology, answers }: ClusterView): string {
  const table = plainTable(['shard', 'primary', 'epoch', 'in sync', 'least in sync', 'state']);
  for (const shard of topology.shards) {
    const inSync = shard.replicas.filter((replica) => replica.inSync);
    const live = inSync.filter((replica) => replica.live).length;
    const count = live === inSync.length ? `${live}` : `${inSync.length}, ${live} of them live`;
    table.push([shard.shard, shard.primaryNodeId || '-', shard.epoch, count, shard.minInSync, stateOf(shard, answers)]);
  }
  return table.toString();
}

/**
 * For programs: what `renderStatus` shows, shard by shard. `serving` is narrowed to what was seen, since the node that
 * told the topology may not know yet that the primary is gone.
 */
export function toJson(view: ClusterView): object {
  const shards = view.topology.shards.map((shard) => {
    const state = stateOf(shard, view.answers);
    return { ...shard, serving: state === 'serving', state };
  });
  const topology: Topology = { ...view.topology, shards };
  return { ...view, topology, warnings: collectWarnings(view) };
}

function stateOf(shard: ShardInfo, answers: ClusterView['answers']): string {
  if (shard.offline) return 'OFFLINE';
  if (!shard.serving) return 'not serving';
  const primary = answers.find(({ node }) => node.id === shard.primaryNodeId);
  return primary?.status === undefined ? 'primary does not answer' : 'serving';
}

function replicaTable({ topology, answers }: ClusterView): string {
  const table = plainTable(['shard', 'node', 'role', 'epoch', 'in sync', 'last seq', 'committed', 'lag', 'keys', 'data']);
  for (const { node, status } of answers) {
    for (const replica of status?.replicas ?? []) {
      const shard = topology.shards.find((candidate) => candidate.shard === replica.shard);
      const inSync = shard?.replicas.some(({ replicaId, inSync }) => inSync && replicaId === replica.replicaId) === true;
      const role = replica.complete ? replica.role : `${replica.role}, incomplete`;
      const lag = lagOf(
        replica,
        answers.flatMap((answer) => answer.status?.replicas ?? []),
      );
      table.push([
        replica.shard,
        node.id,
        role,
        replica.epoch,
        inSync ? 'yes' : 'no',
        replica.lastSeq,
        replica.commitIndex,
        lag,
        replica.keys,
        `${mebibytes(replica.dataBytes)} of ${mebibytes(replica.dataLimitBytes)} MiB`,
      ]);
    }
  }
  return table.toString();
}

/** Entries that the primary has and, as far as it knows, this replica has not; `-` if the primary does not know it. */
export function lagOf(replica: ReplicaStatus, all: readonly ReplicaStatus[]): string {
  const primary = all.find((other) => other.shard === replica.shard && other.role === 'primary' && other.epoch >= replica.epoch);
  if (primary === undefined) return '-';
  if (primary.replicaId === replica.replicaId) return '0';
  const peer: PeerStatus | undefined = primary.peers.find(({ replicaId }) => replicaId === replica.replicaId);
  return peer === undefined ? '-' : String(Math.max(0, primary.lastSeq - peer.ackedSeq));
}

function factsOf({ uptimeMs, memoryBytes, maxMemoryBytes, zookeeper, version }: NodeStatus): string[] {
  return [uptime(uptimeMs), `${mebibytes(memoryBytes)} of ${mebibytes(maxMemoryBytes)} MiB`, zookeeper, version];
}

function mebibytes(bytes: number): string {
  return Math.round(bytes / 2 ** 20).toLocaleString('en-US');
}

function uptime(uptimeMs: number): string {
  const seconds = Math.floor(uptimeMs / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

function plainTable(head: string[]): InstanceType<typeof Table> {
  return new Table({ head, style: { head: [], border: [], compact: true } });
}
