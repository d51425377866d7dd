/**
 * Tells whether a node is ready: in sync for every shard that is placed on it. `/readyz` and gRPC health follow this one rule. Pure.
 *
 * A connection to ZooKeeper is not needed: nodes go on serving while it is away (G5), and otherwise all of them would be taken out of
 * use at once. While ZooKeeper holds another cluster, a node serves nothing and is not ready.
 */
import type { Placement } from '../../placement/index.js';
import type { CoreStatus } from '../../replication/index.js';
import { describeShards } from '../../topology/shard-ranges.js';

export interface ReadinessFacts {
  readonly nodeId: string;
  readonly stopping: boolean;
  /** Why the node serves nothing though it holds data: ZooKeeper holds another cluster. Undefined: ZooKeeper holds this one. */
  readonly conflict: string | undefined;
  /** How long this node has been registered; undefined: it is not registered yet. */
  readonly registeredForMs: number | undefined;
  /** Undefined: no placement is known. */
  readonly placement: Pick<Placement, 'shards'> | undefined;
  /** Undefined where this node holds no copy. */
  replicaAt(shard: number): Pick<CoreStatus, 'replicaId' | 'complete' | 'state'> | undefined;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why the node is not ready, one clause for each reason; empty if it is. */
  readonly reasons: readonly string[];
}

/**
 * The placement names a new node within about a second. A node that it does not name after this time has no share, because there are
 * too few shards: the node forwards requests, and is as ready as it will ever be.
 */
const placementPatienceMs = 5_000;

export function readinessOf(facts: ReadinessFacts): Readiness {
  const reasons = reasonsAgainst(facts);
  return { ready: reasons.length === 0, reasons };
}

function reasonsAgainst(facts: ReadinessFacts): string[] {
  const { stopping, conflict, registeredForMs } = facts;
  if (stopping) return ['the node is stopping'];
  if (conflict !== undefined) return [conflict];
  if (registeredForMs === undefined) return ['the node is starting'];
  if (facts.placement === undefined) return ['no shard is placed yet: the first placement waits a moment for more nodes'];
  const wanted = shardsToHold(facts.nodeId, facts.placement);
  if (wanted.length === 0) return registeredForMs < placementPatienceMs ? ['no shard is placed on the node yet'] : [];
  const missing = wanted.filter((shard) => !isInSync(facts, shard));
  return missing.length === 0 ? [] : [`not in sync here: ${describeShards(missing)}`];
}

function shardsToHold(nodeId: string, { shards }: Pick<Placement, 'shards'>): number[] {
  return shards.flatMap((nodes, shard) => (nodes.includes(nodeId) ? [shard] : []));
}

function isInSync(facts: ReadinessFacts, shard: number): boolean {
  const replica = facts.replicaAt(shard);
  return replica?.complete === true && replica.state?.inSync.includes(replica.replicaId) === true;
}
