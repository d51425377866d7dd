/**
 * Which replica goes on when the whole in-sync set of a shard is gone (R13): the live complete one with the highest
 * (epoch of last entry, seq). Complete replicas without entries come next, an incomplete one last: its node discards
 * what it has. Pure.
 */
import type { NodeInfo, ReplicaStatus } from '../../rpc/kv-api.js';
import type { NodeAnswer } from './gather.js';

export interface CandidateReplica {
  readonly node: NodeInfo;
  readonly replica: ReplicaStatus;
}

/** Best first. */
export function rankReplicas(shard: number, answers: readonly NodeAnswer[]): CandidateReplica[] {
  return answers
    .flatMap(({ node, status }) =>
      (status?.replicas ?? []).filter((replica) => replica.shard === shard).map((replica) => ({ node, replica })),
    )
    .sort(
      (one, other) =>
        Number(other.replica.complete) - Number(one.replica.complete) ||
        other.replica.lastEpoch - one.replica.lastEpoch ||
        other.replica.lastSeq - one.replica.lastSeq ||
        (one.node.id < other.node.id ? -1 : 1),
    );
}

export function holdsData({ replica }: CandidateReplica): boolean {
  return replica.complete && replica.lastSeq > 0;
}
