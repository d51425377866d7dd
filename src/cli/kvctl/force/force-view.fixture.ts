/** For tests: the reports of nodes about offline shards, and the state that ZooKeeper shows. */
import type { HistoryPosition, NodeStatus, ReplicaStatus, ShardInfo } from '../../../wire/contract/kv-api.js';
import type { GatheredCluster, NodeAnswer } from '../status/gather.js';

/** `h@5:x`: of history h, at epoch 5 with the id x; `h@5:x+2`: after two removals in that epoch. */
function at(position: string): HistoryPosition {
  const [history = '', mark = ''] = position.split('@');
  const [epoch = '', id = ''] = mark.split(':');
  const [epochId = '', removals = '0'] = id.split('+');
  return { history, epoch: Number(epoch), epochId, removals: Number(removals) };
}

export interface ReplicaSight extends Partial<Omit<ReplicaStatus, 'held' | 'found' | 'lost'>> {
  readonly held?: string;
  readonly found?: string;
  /** The position of the lost state, and node ids of its in-sync set. */
  readonly lost?: readonly [string, ...string[]];
}

/** The replica's id is `<node>~1` by default. */
function replicaOf(nodeId: string, { held, found, lost, ...more }: ReplicaSight): ReplicaStatus {
  const position = held === undefined ? null : at(held);
  const [lostAt, ...members] = lost ?? [];
  return {
    shard: 0,
    replicaId: `${nodeId}~1`,
    role: 'joiner',
    epoch: position?.epoch ?? 0,
    serving: false,
    complete: true,
    lastSeq: position === null ? 0 : 20,
    lastEpoch: position?.epoch ?? 0,
    commitIndex: 0,
    appliedSeq: 0,
    keys: position === null ? 0 : 7,
    peers: [],
    offline: true,
    dataBytes: 0,
    dataLimitBytes: 0,
    held: position,
    found: found === undefined ? null : at(found),
    lost: lostAt === undefined ? null : { position: at(lostAt), inSync: members.map((id) => `${id}~1`) },
    ...more,
  };
}

const figures = {
  version: '1.0.0',
  uptimeMs: 1_000,
  zookeeper: 'connected',
  warnings: [] as string[],
  memoryBytes: 0,
  maxMemoryBytes: 0,
  openDescriptors: 0,
  maxDescriptors: 0,
  durability: 'memory',
  formatInUse: 6,
  oldestFormat: 6,
  newestFormat: 6,
  diskBytes: 0,
  maxDiskBytes: 0,
  state: 'memory',
  stateLag: 0,
  stateImpaired: false,
  logLinesDropped: 0,
  keys: 0,
  dataBytes: 0,
  dataLimitBytes: 0,
  zone: '',
  weight: 1,
};

/** Undefined: the node is registered and does not answer. */
export function answerOf(nodeId: string, replicas: readonly ReplicaSight[] | undefined): NodeAnswer {
  const node = { id: nodeId, address: `${nodeId}:1`, zone: '', weight: 1, framesVersion: 1, draining: false };
  if (replicas === undefined) return { node, problem: 'no answer' };
  const held = replicas.map((sight) => replicaOf(nodeId, sight));
  return { node, status: { ...figures, nodeId, address: node.address, replicas: held } as NodeStatus };
}

/** `inSync`: `a` is a live member, `!a` a gone one; empty: ZooKeeper has no state. */
export function shardOf(shard: number, inSync: readonly string[] = [], more: Partial<ShardInfo> = {}): ShardInfo {
  const replicas = inSync.map((name) => {
    const nodeId = name.replace('!', '');
    return { replicaId: `${nodeId}~${name === nodeId ? 1 : 0}`, nodeId, inSync: true, live: name === nodeId };
  });
  const noPrimary = { primaryNodeId: '', primaryAddress: '', serving: false };
  return { shard, epoch: 5, ...noPrimary, replicas, minInSync: 1, offline: true, placedNodeIds: [], ...more };
}

export function viewOf(
  shards: readonly ShardInfo[],
  nodes: Readonly<Record<string, readonly ReplicaSight[] | undefined>>,
): GatheredCluster {
  const answers = Object.entries(nodes).map(([id, replicas]) => answerOf(id, replicas));
  const topology = { clusterId: 'c', nodes: answers.map(({ node }) => node), shards: [...shards], placementVersion: 1 };
  return { topology, answers };
}
