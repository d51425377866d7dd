/**
 * Formats a cluster as tables: its nodes, a line about all shards, and the shards that need attention. A cluster of at
 * most `fewShards` shards, or `all`, shows every shard and replica. Pure: the output depends only on the nodes'
 * reports.
 */
import { slotsOfShard } from '../../../placement/key-slot.js';
import type { Topology } from '../../../wire/contract/kv-api.js';
import { size, slotsText } from '../figures.js';
import { historyToJson } from '../force/force-report.js';
import { positionText } from '../force/shard-histories.js';
import { plainTable } from '../tables.js';
import type { GatheredCluster } from './gather.js';
import { renderNodes } from './node-report.js';
import { offlineWarnings } from './offline-warnings.js';
import { isSettled, lagOf, type ShardView, viewShards } from './shard-view.js';

/** A cluster with at most this many shards is shown wholly, with its replicas. */
const fewShards = 4;
/** The most shards in need of attention that are shown. Further ones are only counted. */
const maxShown = 20;

export function renderStatus(view: GatheredCluster, all = false): string {
  const shards = viewShards(view);
  const showsAll = all || shards.length <= fewShards;
  const needy = shards.filter((shard) => !isSettled(shard));
  const shown = showsAll ? shards : needy.slice(0, maxShown);
  const parts = [clusterLine(view), renderNodes(view), summarize(view.topology, shards)];
  if (shown.length > 0) parts.push(shardTable(shown, shards.length));
  if (shown.length > 0 && showsAll) parts.push(replicaTable(shown));
  const left = needy.length - shown.length;
  if (!showsAll) parts.push(`${left > 0 ? `${left} more need attention: ` : ''}--all shows every shard and replica`);
  const warnings = collectWarnings(view);
  if (warnings.length > 0) parts.push(['warnings:', ...warnings.map((warning) => `  ! ${warning}`)].join('\n'));
  return parts.join('\n\n');
}

/** A node of an earlier version names no durability and no format. */
function clusterLine({ topology, answers }: GatheredCluster): string {
  const known = answers.map(({ status }) => status?.durability ?? '').find((durability) => durability !== '');
  const facts = [`cluster ${topology.clusterId}`];
  if (known !== undefined) facts.push(`durability: ${known}`);
  const upgrade = unfinishedUpgrade(answers);
  if (upgrade !== undefined) facts.push(upgrade);
  return facts.join('; ');
}

/** Undefined while no node supports a newer format than the cluster uses. */
function unfinishedUpgrade(answers: GatheredCluster['answers']): string | undefined {
  const inUse = Math.max(0, ...answers.map(({ status }) => status?.formatInUse ?? 0));
  const newest = Math.max(0, ...answers.map(({ status }) => status?.newestFormat ?? 0));
  if (newest <= inUse) return undefined;
  const upgraded = answers.filter(({ status }) => status?.newestFormat === newest).length;
  return `upgrade from format ${inUse} to ${newest} not finished, ${upgraded} of ${answers.length} nodes support it ("kvctl upgrade")`;
}

/** The warnings of the nodes, and those that only a view of all nodes shows, each once. */
export function collectWarnings(view: GatheredCluster): string[] {
  const silent = view.answers.flatMap(({ node, problem, otherCluster }) => {
    if (problem === undefined) return [];
    if (otherCluster === undefined) return [`node ${node.id} is registered but does not answer: ${problem}`];
    return [
      `node ${node.id} is registered, but a node of another cluster, ${otherCluster}, answers at its address ${node.address}: stop the one that was started there by mistake`,
    ];
  });
  const reported = view.answers.flatMap(({ node, status }) =>
    (status?.warnings ?? []).map((warning) => `${node.id}: ${warning}`),
  );
  return [...new Set([...offlineWarnings(view), ...silent, ...absent(view.topology), ...reported])];
}

/** Warnings about nodes that are gone although shards are placed on them. */
function absent({ nodes, shards }: Topology): string[] {
  const counts = new Map<string, number>();
  for (const id of shards.flatMap(({ placedNodeIds }) => placedNodeIds)) counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const { id } of nodes) counts.delete(id);
  return [...counts].map(
    ([id, count]) =>
      `node ${id} is gone and is to hold ${count} ${count === 1 ? 'shard' : 'shards'}: unless it returns within --replace-after-ms, other nodes get a copy`,
  );
}

/**
 * The JSON form of `renderStatus`, always with every shard. `serving` is true only if the primary answered, since the
 * node that reported the topology may not know yet that the primary is gone.
 */
export function toJson(view: GatheredCluster): object {
  const shardCount = view.topology.shards.length;
  const shards = viewShards(view).map((shard) => {
    const { info, state, primaryNodeId, epoch, lag, moving, histories } = shard;
    return {
      ...info,
      slots: slotsOfShard(info.shard, shardCount),
      primaryNodeId,
      epoch,
      serving: state === 'serving',
      state,
      lag,
      moving,
      settled: isSettled(shard),
      histories: histories.map(historyToJson),
    };
  });
  const topology: Topology = { ...view.topology, shards };
  return { ...view, topology, warnings: collectWarnings(view) };
}

/** One line about all shards. */
function summarize({ placementVersion }: Topology, shards: readonly ShardView[]): string {
  const count = (holds: (shard: ShardView) => boolean) => shards.filter(holds).length;
  const facts: [number, string][] = [
    [count(({ state }) => state === 'serving'), 'serving'],
    [count(({ state }) => state !== 'serving'), 'NOT SERVING'],
    [count(({ inSyncLive, wanted }) => inSyncLive < wanted), 'with too few copies'],
    [count(({ moving }) => moving.length > 0), 'with something on its way'],
  ];
  const shown = facts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  const lag = Math.max(0, ...shards.map((shard) => shard.lag ?? 0));
  const placed = placementVersion === 0 ? 'nothing is placed yet' : `placement version ${placementVersion}`;
  const all = `${shards.length} ${shards.length === 1 ? 'shard' : 'shards'} (${placed})`;
  return `${all}: ${shown.join(', ') || 'none is known yet'}; greatest lag ${lag}`;
}

function shardTable(shards: readonly ShardView[], shardCount: number): string {
  const table = plainTable(['shard', 'slots', 'primary', 'epoch', 'in sync', 'least in sync', 'state', 'lag', 'on its way']);
  for (const shard of shards) {
    const { info, primaryNodeId, epoch, state, lag, moving } = shard;
    table.push([
      info.shard,
      slotsText(info.shard, shardCount),
      primaryNodeId || '-',
      epoch,
      copiesOf(shard),
      info.minInSync,
      state,
      lag ?? '-',
      moving.join('; ') || '-',
    ]);
  }
  return table.toString();
}

function copiesOf({ inSync, inSyncLive, wanted }: ShardView): string {
  if (inSyncLive < inSync) return `${inSync}, ${inSyncLive} of them live`;
  return inSync < wanted ? `${inSync} of ${wanted}` : `${inSync}`;
}

function replicaTable(shards: readonly ShardView[]): string {
  // Ids are long: they are shown only to distinguish replicas.
  const showsHistory = shards.some(({ info, histories }) => info.offline || histories.length > 1);
  const head = ['shard', 'node', 'role', 'epoch', 'in sync', 'last seq', 'committed', 'lag', 'keys', 'data'];
  const table = plainTable(showsHistory ? [...head, 'history', 'found in ZooKeeper'] : head);
  for (const { info, replicas } of shards) {
    const ofShard = replicas.map(({ replica }) => replica);
    for (const { node, replica } of replicas) {
      const inSync = info.replicas.some((known) => known.inSync && known.replicaId === replica.replicaId);
      const role = replica.complete ? replica.role : `${replica.role}, incomplete`;
      table.push([
        ...[info.shard, node.id, role, replica.epoch, inSync ? 'yes' : 'no', replica.lastSeq, replica.commitIndex],
        ...[lagOf(replica, ofShard) ?? '-', replica.keys, size(replica.dataBytes)],
        ...(showsHistory ? [positionText(replica.held), positionText(replica.found)] : []),
      ]);
    }
  }
  return table.toString();
}
