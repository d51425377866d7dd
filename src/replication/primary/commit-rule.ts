/** Commit rule: how far a primary may commit (R5, R6, R11). */
import type { Seq } from '../protocol/ids.js';

export interface CommitFacts {
  readonly commitIndex: Seq;
  /** For every member of the required set, the primary included: the seq up to which it has acknowledged. */
  readonly acknowledged: readonly Seq[];
  /** End of the log at takeover. */
  readonly takeoverEnd: Seq;
  /** Number of members that are in the set under every outcome of what is proposed. */
  readonly confirmedMembers: number;
  readonly minInSync: number;
}

/** Inherited entries need the whole required set but not `minInSync`; entries of this epoch need both. */
export function committableSeq(facts: CommitFacts): Seq {
  const held = Math.min(...facts.acknowledged);
  const allowed = facts.confirmedMembers >= facts.minInSync ? held : Math.min(held, facts.takeoverEnd);
  return Math.max(facts.commitIndex, allowed);
}
