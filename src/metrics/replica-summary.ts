/** Summary of all replicas of a node in a few numbers. A metric per shard would be too many with hundreds of shards. Pure. */
import type { CoreStatus } from '../replication/index.js';
import type { NodeFacts } from './node-facts.js';

export interface ReplicaSummary {
  /** Number of replicas by role. */
  readonly roles: Readonly<Record<CoreStatus['role'], number>>;
  readonly serving: number;
  readonly offline: number;
  /** Shards that are placed on this node, whose replica here is not in sync yet. */
  readonly movingIn: number;
  /** Shards that this node holds although they are placed elsewhere. */
  readonly movingOut: number;
  readonly highestEpoch: number;
  /** Size of the smallest in-sync set of a shard led here; undefined if none is led here. */
  readonly smallestInSync: number | undefined;
  readonly belowMinInSync: number;
  /** Most entries that an in-sync replica of a shard led here has not acknowledged. */
  readonly largestLag: number;
  readonly uncommittedEntries: number;
  readonly logBytes: number;
  readonly requests: number;
  readonly requestBytes: number;
  readonly dataBytes: number;
  readonly keys: number;
  readonly expiringKeys: number;
}

export function summarizeReplicas({
  held,
  placedShards,
  minInSync,
}: Pick<NodeFacts, 'held' | 'placedShards' | 'minInSync'>): ReplicaSummary {
  const roles = { primary: 0, backup: 0, joiner: 0, claimant: 0 };
  for (const { replica } of held) roles[replica.role] += 1;
  const led = held.flatMap(({ replica }) => (replica.role === 'primary' ? [replica] : []));
  const sizes = led.map(({ state }) => state?.inSync.length ?? 0);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  // Not Math.max(...values): 16,384 shards of 16 copies are more arguments than a call may have.
  const largest = (values: readonly number[]) => values.reduce((most, value) => Math.max(most, value), 0);
  return {
    roles,
    serving: led.filter(({ serving }) => serving).length,
    offline: held.filter(({ replica }) => replica.offline).length,
    movingIn: placedShards - held.filter(({ replica, placed }) => placed && isInSync(replica)).length,
    movingOut: held.filter(({ placed }) => !placed).length,
    highestEpoch: largest(held.map(({ replica }) => replica.epoch)),
    smallestInSync: sizes.length === 0 ? undefined : sizes.reduce((least, size) => Math.min(least, size)),
    belowMinInSync: sizes.filter((size) => size < minInSync).length,
    largestLag: largest(led.map(lagOf)),
    uncommittedEntries: sum(led.map(({ lastSeq, commitIndex }) => lastSeq - commitIndex)),
    logBytes: sum(held.map(({ replica }) => replica.logBytes)),
    requests: sum(held.map(({ replica }) => replica.requests)),
    requestBytes: sum(held.map(({ replica }) => replica.requestBytes)),
    dataBytes: sum(held.map(({ dataBytes }) => dataBytes)),
    keys: sum(held.map(({ keys }) => keys)),
    expiringKeys: sum(held.map(({ expiringKeys }) => expiringKeys)),
  };
}

function isInSync({ complete, state, replicaId }: CoreStatus): boolean {
  return complete && state?.inSync.includes(replicaId) === true;
}

/** Joiners do not count: they are behind by nature, and no write waits for them. */
function lagOf({ state, peers, lastSeq }: CoreStatus): number {
  const inSync = peers.filter(({ replicaId }) => state?.inSync.includes(replicaId));
  return inSync.reduce((most, { ackedSeq }) => Math.max(most, lastSeq - ackedSeq), 0);
}
