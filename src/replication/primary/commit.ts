/** Commits entries at the primary (R5, R6, R11), and decides when it begins to serve (R5). */

import type { Seq } from '../protocol/ids.js';
import { entryBytes } from '../protocol/log-entry.js';
import type { Core } from '../state/core.js';
import { invariant } from '../state/invariant.js';
import { knowsRemovals } from '../state/known-state.js';
import type { Peer } from '../state/peer.js';
import { compact, type Needs, noNeeds } from '../state/retention.js';
import type { Primary } from '../state/role.js';
import { answerJudgement } from './answer-judgement.js';
import { reportExpired } from './expiry.js';
import { answerFlushed } from './flush-wait.js';
import { requiredIds } from './membership.js';

export interface CommitFacts {
  readonly commitIndex: Seq;
  /** Every member of the required set, the primary included, has acknowledged the log up to here. */
  readonly acknowledged: Seq;
  /** End of the log at takeover. */
  readonly takeoverEnd: Seq;
  /** Number of members that are in the set under every outcome of what is proposed. */
  readonly confirmedMembers: number;
  readonly minInSync: number;
}

/** How far a primary may commit. Inherited entries need the whole required set but not `minInSync`; entries of this epoch need both. */
export function committableSeq(facts: CommitFacts): Seq {
  const { acknowledged, takeoverEnd } = facts;
  const allowed = facts.confirmedMembers >= facts.minInSync ? acknowledged : Math.min(acknowledged, takeoverEnd);
  return Math.max(facts.commitIndex, allowed);
}

export function maybeCommit(core: Core, role: Primary): void {
  const { register, options } = core;
  // Commits rely on a removal only when a crash cannot make this replica forget it and follow a removed member (R7).
  if (!core.isLineDurable) return;
  const committable = committableSeq({
    commitIndex: core.commitIndex,
    acknowledged: heldByAll(core, role),
    takeoverEnd: role.takeoverEnd,
    confirmedMembers: register.confirmed.length,
    minInSync: options.minInSync,
  });
  if (committable > core.commitIndex) commitTo(core, role, committable);
  answerFlushed(core, role);
}

function heldByAll(core: Core, role: Primary): Seq {
  const { self } = core;
  let held = Number.POSITIVE_INFINITY;
  for (const id of requiredIds(core, role)) {
    const seq = id === self ? core.durability.lastSeq : heldBy(core, role.peers.get(id));
    if (seq < held) held = seq;
  }
  return held;
}

/** What the peer has acknowledged, once it knows each removal that commits rely on (R7). */
function heldBy(core: Core, peer: Peer | undefined): Seq {
  return peer !== undefined && knowsRemovals(core, peer) ? peer.ackedSeq : 0;
}

function commitTo(core: Core, role: Primary, seq: Seq): void {
  const before = core.commitIndex;
  core.commitIndex = seq;
  for (const entry of core.applyCommitted()) {
    if (entry.seq <= before) continue;
    for (const { key } of entry.writes) if (role.uncommitted.get(key)?.seq === entry.seq) role.uncommitted.delete(key);
    if (entry.seq > role.takeoverEnd) role.uncommittedBytes -= entryBytes(entry);
  }
  if (role.lastBatch !== undefined && role.lastBatch.end <= seq) role.lastBatch = undefined;
  if (role.expiring.size > 0) reportExpired(core, role);
  role.waiters.release(
    seq,
    (version, token, answer) => {
      if (token !== undefined) core.emit({ type: 'answer', token, answer: answer ?? { kind: 'written', version } });
    },
    (waiter) => answerJudgement(core, waiter),
  );
  compact(core, needsOf(role));
}

function needsOf(role: Primary): Needs {
  let { followingFromSeq, returningFromSeq, snapshotFromSeq } = noNeeds;
  for (const { retainFromSeq, phase, ackedSeq } of role.peers.values()) {
    if (retainFromSeq !== undefined) snapshotFromSeq = Math.min(snapshotFromSeq, retainFromSeq);
    else if (phase === 'replicating') followingFromSeq = Math.min(followingFromSeq, ackedSeq + 1);
    else if (ackedSeq > 0 && (phase === 'idle' || phase === 'syncing'))
      returningFromSeq = Math.min(returningFromSeq, ackedSeq + 1);
  }
  return { followingFromSeq, returningFromSeq, snapshotFromSeq };
}

/** Begins to serve once every required member has adopted the epoch and all inherited entries are committed (R5). */
export function maybeServe(core: Core, role: Primary): void {
  if (core.nowMs < role.servesFromMs) return;
  if (role.serving || core.commitIndex < role.takeoverEnd || !core.isEpochDurable) return;
  for (const id of core.register.required) {
    if (id !== core.self && role.peers.get(id)?.phase !== 'replicating') return;
  }
  const { state } = core.register;
  invariant(state?.primary === core.self && state.epoch === role.epoch, 'serving without being named');
  role.serving = true;
  core.note({ kind: 'serving', inSync: state.inSync });
}
