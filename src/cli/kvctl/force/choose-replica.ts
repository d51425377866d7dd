/**
 * Chooses the replica that becomes primary when the whole in-sync set of a shard is gone (R13). The live complete
 * replica with the highest (epoch of last entry, seq) wins. Among equals the highest commit index wins, since entries
 * above it get new versions. Complete replicas without entries come next. An incomplete one comes last, since its node
 * discards its data. Pure.
 */
import type { NodeInfo, ReplicaStatus } from '../../../wire/contract/kv-api.js';
import type { NodeAnswer } from '../status/gather.js';

export interface CandidateReplica {
  readonly node: NodeInfo;
  readonly replica: ReplicaStatus;
}

/** The replicas that the answering nodes reported, by shard. */
export function replicasByShard(answers: readonly NodeAnswer[]): ReadonlyMap<number, readonly CandidateReplica[]> {
  const found = new Map<number, CandidateReplica[]>();
  for (const { node, status } of answers)
    for (const replica of status?.replicas ?? []) {
      const ofShard = found.get(replica.shard);
      if (ofShard === undefined) found.set(replica.shard, [{ node, replica }]);
      else ofShard.push({ node, replica });
    }
  return found;
}

/** Sorts replicas, the best first. */
export function rankReplicas(replicas: readonly CandidateReplica[]): CandidateReplica[] {
  return [...replicas].sort(
    (one, other) =>
      Number(other.replica.complete) - Number(one.replica.complete) ||
      Number(holdsData(other)) - Number(holdsData(one)) ||
      other.replica.lastEpoch - one.replica.lastEpoch ||
      other.replica.lastSeq - one.replica.lastSeq ||
      other.replica.commitIndex - one.replica.commitIndex ||
      (other.replica.held?.epoch ?? 0) - (one.replica.held?.epoch ?? 0) ||
      (one.node.id < other.node.id ? -1 : 1),
  );
}

/**
 * Whether the replica is a complete copy, perhaps of a shard without keys. A new replica belongs to no history yet.
 */
export function holdsData({ replica }: CandidateReplica): boolean {
  return replica.complete && (replica.held ?? null) !== null;
}
