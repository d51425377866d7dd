/**
 * Whether a node is ready: in sync everywhere it should be. One rule for `/readyz` and for gRPC health. Pure.
 *
 * ZooKeeper is not asked for: while it is away nodes go on serving (G5), and all of them would be taken out of use at once.
 * While it holds another cluster they serve nothing.
 */
import type { Placement } from '../../placement/index.js';
import type { CoreStatus } from '../../replication/index.js';
import { describeShards } from '../../topology/shard-ranges.js';

export interface ReadinessFacts {
  readonly nodeId: string;
  readonly stopping: boolean;
  /** Why the node serves nothing though it holds data: ZooKeeper holds another cluster. Undefined: it does not. */
  readonly conflict: string | undefined;
  /** How long the others have known of this node; undefined: they have not been told. */
  readonly registeredForMs: number | undefined;
  /** Undefined: nothing is placed, or not known to be. */
  readonly placement: Pick<Placement, 'shards'> | undefined;
  /** Undefined where this node holds no copy. */
  replicaAt(shard: number): Pick<CoreStatus, 'replicaId' | 'complete' | 'state'> | undefined;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why it is not, one clause each; empty if it is. */
  readonly reasons: readonly string[];
}

/**
 * A new node is named in the placement within a second or so. One that still is not has no share in so few shards: it forwards,
 * and is as ready as it will ever be.
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
