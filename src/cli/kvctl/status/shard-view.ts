/**
 * Computes the operator's view of one shard: its primary, its in-sync copies, the lag of the slowest, and the copies
 * that arrive and leave. Pure: it combines one node's report of the cluster with each node's report of itself.
 */
import type { PeerStatus, ReplicaStatus, ShardInfo } from '../../../wire/contract/kv-api.js';
import { type CandidateReplica, replicasByShard } from '../force/choose-replica.js';
import { historiesOf, type ShardHistory } from '../force/shard-histories.js';
import type { GatheredCluster } from './gather.js';

export interface ShardView {
  readonly info: ShardInfo;
  readonly primaryNodeId: string;
  readonly epoch: number;
  /** `serving`, `OFFLINE`, `not serving`, `primary does not answer`. */
  readonly state: string;
  /** The numbers of in-sync replicas: all of them, the live ones, and the wanted number. */
  readonly inSync: number;
  readonly inSyncLive: number;
  readonly wanted: number;
  /** The number of entries that the slowest in-sync replica lacks; undefined if no node knows. */
  readonly lag: number | undefined;
  /** The moves under way, one phrase each: copies that arrive or leave, and a change of primary. */
  readonly moving: readonly string[];
  /** The histories that live replicas hold or ZooKeeper names. More than one need an operator. */
  readonly histories: readonly ShardHistory[];
  /** The replicas as their nodes report them. */
  readonly replicas: readonly CandidateReplica[];
}

export function viewShards(view: GatheredCluster): ShardView[] {
  const held = replicasByShard(view.answers);
  const answering = new Set(view.answers.flatMap(({ node, status }) => (status === undefined ? [] : [node.id])));
  return view.topology.shards.map((info) => viewShard(info, held.get(info.shard) ?? [], answering));
}

/** Whether the shard serves with all copies in sync, and no move is under way. */
export function isSettled({ state, inSync, inSyncLive, wanted, moving, histories }: ShardView): boolean {
  return state === 'serving' && inSync === inSyncLive && inSync >= wanted && moving.length === 0 && histories.length < 2;
}

/**
 * The entries of the primary that this replica has not acknowledged to it; undefined if the primary does not know the
 * replica.
 */
export function lagOf(replica: ReplicaStatus, ofShard: readonly ReplicaStatus[]): number | undefined {
  const primary = ofShard.find(({ role, epoch }) => role === 'primary' && epoch >= replica.epoch);
  if (primary === undefined) return undefined;
  if (primary.replicaId === replica.replicaId) return 0;
  const peer: PeerStatus | undefined = primary.peers.find(({ replicaId }) => replicaId === replica.replicaId);
  return peer === undefined ? undefined : Math.max(0, primary.lastSeq - peer.ackedSeq);
}

function viewShard(info: ShardInfo, replicas: readonly CandidateReplica[], answering: ReadonlySet<string>): ShardView {
  // A primary's report of itself takes precedence over another node's knowledge of it.
  const primary = replicas.findLast(({ replica }) => replica.role === 'primary' && replica.epoch >= info.epoch);
  const inSync = info.replicas.filter((replica) => replica.inSync);
  const all = replicas.map(({ replica }) => replica);
  const isInSync = ({ replica }: CandidateReplica) => inSync.some(({ replicaId }) => replicaId === replica.replicaId);
  const lags = replicas.filter(isInSync).map(({ replica }) => lagOf(replica, all));
  const histories = historiesOf(replicas, info.offline);
  const known = lags.filter((lag) => lag !== undefined);
  return {
    info,
    primaryNodeId: primary?.node.id ?? info.primaryNodeId,
    epoch: primary?.replica.epoch ?? info.epoch,
    state: stateOf(info, primary?.replica, answering),
    inSync: inSync.length,
    inSyncLive: inSync.filter(({ live }) => live).length,
    wanted: Math.max(info.placedNodeIds.length, info.minInSync),
    lag: known.length === 0 ? undefined : Math.max(...known),
    moving: [...arriving(info, replicas, answering), ...leaving(info), ...primaryMove(info)],
    histories,
    replicas,
  };
}

function stateOf(info: ShardInfo, primary: ReplicaStatus | undefined, answering: ReadonlySet<string>): string {
  if (info.offline) return 'OFFLINE';
  if (primary !== undefined) return primary.serving ? 'serving' : 'not serving';
  if (!info.serving) return 'not serving';
  return answering.has(info.primaryNodeId) ? 'serving' : 'primary does not answer';
}

/** The placed replicas that are not in sync yet, and the placed nodes that have no replica yet. */
function arriving(
  { replicas, placedNodeIds }: ShardInfo,
  held: readonly CandidateReplica[],
  answering: ReadonlySet<string>,
): string[] {
  const progressAt = (nodeId: string, replicaId: string) =>
    answering.has(nodeId) ? progressOf(replicaId, held) : ', which does not answer';
  const isPlaced = (nodeId: string) => placedNodeIds.length === 0 || placedNodeIds.includes(nodeId);
  const joining = replicas.filter(({ live, inSync, nodeId }) => live && !inSync && isPlaced(nodeId));
  const missing = placedNodeIds.filter((id) => !replicas.some(({ nodeId, live }) => live && nodeId === id));
  return [
    ...joining.map(({ nodeId, replicaId }) => `to ${nodeId}${progressAt(nodeId, replicaId)}`),
    ...missing.map((id) => `awaits ${id}`),
  ];
}

function progressOf(replicaId: string, held: readonly CandidateReplica[]): string {
  const joiner = held.find(({ replica }) => replica.replicaId === replicaId)?.replica;
  const primary = held.findLast(({ replica }) => replica.role === 'primary')?.replica;
  if (joiner === undefined || primary === undefined) return '';
  const lag = lagOf(joiner, [primary]);
  if (joiner.complete) return lag === undefined ? '' : `, ${lag} behind`;
  return primary.keys === 0 ? '' : `, ${Math.min(99, Math.floor((100 * joiner.keys) / primary.keys))} % of the keys`;
}

/** The nodes whose replica is not placed there any more. They leave once the placed replicas are in sync. */
function leaving({ replicas, placedNodeIds }: ShardInfo): string[] {
  if (placedNodeIds.length === 0) return [];
  return replicas.filter(({ live, nodeId }) => live && !placedNodeIds.includes(nodeId)).map(({ nodeId }) => `leaves ${nodeId}`);
}

function primaryMove({ placedNodeIds: [preferred], primaryNodeId, replicas }: ShardInfo): string[] {
  if (preferred === undefined || primaryNodeId === '' || preferred === primaryNodeId) return [];
  const isReady = replicas.some(({ nodeId, inSync, live }) => nodeId === preferred && inSync && live);
  return isReady ? [`primary to ${preferred}`] : [];
}
