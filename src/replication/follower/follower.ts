/**
 * A backup or joiner handles the messages of its primary: beacons, Sync, Append (R5, R6, R9, R10).
 *
 * The messages here are of the present epoch, and that epoch is durable; `receive.ts` has checked both.
 */

import type { ReplicaId, Seq } from '../protocol/ids.js';
import { continues, type Line } from '../protocol/lineage.js';
import { commonPosition, idAt } from '../protocol/log-position.js';
import type { BodyOf, Message, RequestBody } from '../protocol/message.js';
import type { Core } from '../state/core.js';
import { invariant } from '../state/invariant.js';
import { compact, snapshotGrowth } from '../state/retention.js';
import type { FollowedStream, Follower, SnapshotInProgress } from '../state/role.js';
import { correctLoggedTime } from '../time-log.js';
import { isNeedless, onMayLeave } from './departure.js';

export function onRequest(core: Core, role: Follower, message: Message & { readonly body: RequestBody }): void {
  role.primary = message.from;
  const { body } = message;
  switch (body.type) {
    case 'beacon':
      return onBeacon(core, role, message.from, body);
    case 'sync':
      return onSync(core, role, message.from, body);
    case 'append':
      return onAppend(core, role, message.from, body);
    case 'dumpInvite':
      return onDumpInvite(core, role, message.from, body);
    case 'stateChanged':
      return core.emit({ type: 'refreshState', afterWrite: false });
  }
}

/** An answered beacon renews loyalty, an answered probe does not (R9). */
function onBeacon(core: Core, role: Follower, from: ReplicaId, beacon: BodyOf<'beacon'>): void {
  if (!beacon.probe) core.loyalSinceMs = core.nowMs;
  followTime(core, role, beacon);
  learnCommitIndex(core, role, beacon.commitIndex);
  answerBeacon(core, from, beacon, role.stream?.number ?? 0);
  onMayLeave(core, beacon.mayLeaveMs);
}

/** The beacon's time, which all shards of two nodes share, is a time of this shard as well (R17). */
export function followTime({ clock, nowMs }: Core, { timeOffsetMs }: Follower, { sentAtMs }: BodyOf<'beacon'>): void {
  if (timeOffsetMs !== undefined) clock.follow(sentAtMs + timeOffsetMs, nowMs);
}

export function answerBeacon(core: Core, to: ReplicaId, beacon: BodyOf<'beacon'>, number: number): void {
  const leaving = core.stopping === undefined && isNeedless(core);
  if (!leaving) core.stayedMs = Math.max(core.stayedMs, beacon.sentAtMs);
  core.send(to, {
    type: 'beaconAnswer',
    sentAtMs: beacon.sentAtMs,
    probe: beacon.probe,
    claiming: core.role.kind === 'claimant',
    stopping: core.stopping !== undefined,
    leaving,
    number,
    complete: core.isDurablyComplete,
  });
}

/** Cuts the log by the primary's list of epochs only, never by this replica's own knowledge (R5, R10). */
function onSync(core: Core, role: Follower, from: ReplicaId, sync: BodyOf<'sync'>): void {
  if (sync.number <= core.syncNumber) return;
  // Data of another history is kept, whatever the primary says (R1).
  if (core.line !== undefined && !continues(lineOf(core, sync.lineage), core.line)) return refuseOther(core, from);
  // A later Sync of the same primary may have been on its way for long: beacons that came before it show a later time (R17).
  if (core.syncNumber === 0) core.clock.restart(sync.timeMs, core.nowMs);
  else core.clock.learn(sync.timeMs, core.nowMs);
  core.syncNumber = sync.number;
  role.lineage = sync.lineage;
  role.timeOffsetMs = sync.timeOffsetMs;
  correctLoggedTime(core, sync.timeMs);
  // A new stream voids the old one, and the snapshot that belonged to it (R10).
  role.stream = undefined;
  role.snapshot = undefined;
  // A joiner that has nothing takes a snapshot: the log from seq 1 would bring every overwritten value.
  const bringsNothing = core.log.lastSeq === 0 && sync.log.lastSeq > 0 && !core.isInSync;
  const common = core.complete && !bringsNothing ? commonPosition(core.log.position, sync.log) : undefined;
  // Applied entries cannot be cut, so the replica needs a snapshot.
  if (common === undefined || common < core.appliedSeq) {
    core.send(from, { type: 'syncAnswer', number: sync.number, dumpNeeded: true, matchedSeq: 0, unflushed: 0 });
    return;
  }
  if (common < core.log.lastSeq) {
    core.log.truncateAfter(common);
    core.durability.cutTo(common);
    core.persist({ type: 'truncate', afterSeq: common }, { lastSeq: common });
  }
  follow(core, role, sync.number, common);
  learnCommitIndex(core, role, sync.commitIndex);
}

function lineOf(core: Core, lineage: Line['lineage']): Line {
  return { history: core.history ?? '', lineage };
}

/** Refuses a message of another history than that of the data here, and reads `state`, which decides (R1). */
export function refuseOther(core: Core, from: ReplicaId): void {
  core.send(from, { type: 'otherHistory' });
  core.emit({ type: 'refreshState', afterWrite: false });
}

/** Follows the primary: the log agrees with the primary's up to `verifiedSeq`. Sync is answered once all of that is durable. */
export function follow(core: Core, role: Follower, number: number, verifiedSeq: Seq): void {
  invariant(role.lineage.length > 0, 'a stream without a Sync');
  if (core.complete) core.setLine(lineOf(core, role.lineage));
  role.stream = { number, verifiedSeq, ackedSeq: 0, flushedSeq: 0, answerAfterWrite: core.durability.lastNumber };
  maybeAcknowledge(core, role);
}

function onAppend(core: Core, role: Follower, from: ReplicaId, append: BodyOf<'append'>): void {
  const { stream } = role;
  if (stream === undefined || append.number > stream.number) {
    core.send(from, { type: 'appendAnswer', number: append.number, mismatch: true, ackedSeq: 0, unflushed: 0 });
    return;
  }
  if (append.number < stream.number) return;
  // Entries up to the verified position are repetitions.
  const isFresh = append.prevSeq >= stream.verifiedSeq;
  const fresh = isFresh ? append.entries : append.entries.filter((entry) => entry.seq > stream.verifiedSeq);
  const isNext = append.prevSeq < stream.verifiedSeq || append.prevEpochId === core.log.lastEpochId;
  if (append.prevSeq > stream.verifiedSeq || !isNext) {
    core.send(from, { type: 'appendAnswer', number: append.number, mismatch: true, ackedSeq: stream.ackedSeq, unflushed: 0 });
    return;
  }
  for (const entry of fresh) {
    core.log.append(entry, idAt(append.runs, entry.seq));
    if (entry.atMs !== undefined) core.clock.learn(entry.atMs, core.nowMs);
  }
  core.persistAppended(fresh);
  if (append.flush && core.options.reportsFlushes) core.emit({ type: 'flushLog' });
  stream.verifiedSeq = core.log.lastSeq;
  learnCommitIndex(core, role, append.commitIndex);
  if (fresh.length === 0) acknowledge(core, role, stream.ackedSeq);
}

/** A commit index counts only up to the position verified with this primary in this epoch (R5). */
function learnCommitIndex(core: Core, role: Follower, commitIndex: Seq): void {
  if (role.stream === undefined) return;
  core.commitIndex = Math.max(core.commitIndex, Math.min(commitIndex, role.stream.verifiedSeq));
  applyUnlessLoading(core, role);
}

/** Applies committed entries, but not while chunks are still to come: a chunk may be older than the log over it (R10). */
export function applyUnlessLoading(core: Core, role: Follower): void {
  const { snapshot } = role;
  if (core.complete) {
    core.applyCommitted();
    compact(core);
  } else if (snapshot?.endCommitIndex === undefined) maybeGiveUpSnapshot(core, role);
  else if (!snapshot.appliesLater) applyOverSnapshot(core, role, snapshot);
}

/** The log has grown for as long as the snapshot took. It is applied a batch at a time: meanwhile the node must answer beacons. */
function applyOverSnapshot(core: Core, role: Follower, snapshot: SnapshotInProgress): void {
  core.applyCommitted(core.options.maxBatchEntries);
  compact(core);
  if (core.appliedSeq < core.commitIndex) {
    snapshot.appliesLater = true;
    return core.emit({ type: 'applyLater' });
  }
  if (snapshot.endCommitIndex === undefined || core.appliedSeq < snapshot.endCommitIndex) return;
  core.complete = true;
  core.setLine(lineOf(core, role.lineage));
  core.completingWrite = core.persist({ type: 'complete' });
  core.note({ kind: 'snapshotTaken', seq: core.appliedSeq });
  role.snapshot = undefined;
}

/** The event loop has had its turn (see the effect `applyLater`). */
export function onApplyRest(core: Core): void {
  const { role } = core;
  if (role.kind !== 'follower' || role.snapshot === undefined) return;
  role.snapshot.appliesLater = false;
  applyUnlessLoading(core, role);
}

/** Gives up a snapshot that is too slow for the writes: the log that must wait for its end has outgrown its bound. */
function maybeGiveUpSnapshot(core: Core, role: Follower): void {
  if (role.snapshot !== undefined && core.log.bytes > snapshotGrowth * core.options.retainBytes)
    giveUpSnapshot(core, role, role.snapshot.number);
}

/** Asks the primary to begin again with Sync. */
export function giveUpSnapshot(core: Core, role: Follower, number: number): void {
  if (role.primary === undefined) return;
  role.snapshot = undefined;
  role.stream = undefined;
  core.send(role.primary, { type: 'syncAnswer', number, dumpNeeded: true, matchedSeq: 0, unflushed: 0 });
}

/** Acknowledges the entries that are as durable as promised (R6). */
export function maybeAcknowledge(core: Core, role: Follower): void {
  const { stream } = role;
  if (stream === undefined || role.primary === undefined) return;
  if (stream.answerAfterWrite !== undefined) {
    if (core.durability.doneNumber < stream.answerAfterWrite) return;
    stream.answerAfterWrite = undefined;
    stream.ackedSeq = Math.min(stream.verifiedSeq, core.durability.lastSeq);
    const matchedSeq = stream.ackedSeq;
    const unflushed = matchedSeq - noteFlushed(core, stream);
    core.send(role.primary, { type: 'syncAnswer', number: stream.number, dumpNeeded: false, matchedSeq, unflushed });
  }
  const durableSeq = Math.min(stream.verifiedSeq, core.durability.lastSeq);
  const hasFlushed = Math.min(stream.ackedSeq, core.durability.flushedSeq) > stream.flushedSeq;
  if (durableSeq > stream.ackedSeq || hasFlushed) acknowledge(core, role, Math.max(durableSeq, stream.ackedSeq));
}

/** Returns the position up to which what is acknowledged on the stream is flushed. */
function noteFlushed({ durability }: Core, stream: FollowedStream): Seq {
  stream.flushedSeq = Math.min(stream.ackedSeq, durability.flushedSeq);
  return stream.flushedSeq;
}

function acknowledge(core: Core, role: Follower, ackedSeq: Seq): void {
  const { stream, primary } = role;
  if (stream === undefined || primary === undefined || stream.answerAfterWrite !== undefined) return;
  stream.ackedSeq = ackedSeq;
  const unflushed = ackedSeq - noteFlushed(core, stream);
  core.send(primary, { type: 'appendAnswer', number: stream.number, mismatch: false, ackedSeq, unflushed });
}

/** The invitation belongs to the newest Sync. If a claim has failed since, the epochs that this Sync named are forgotten (R10). */
function onDumpInvite(core: Core, role: Follower, from: ReplicaId, invite: BodyOf<'dumpInvite'>): void {
  if (role.lineage.length === 0) return;
  if (invite.number !== core.syncNumber || role.snapshot !== undefined || role.stream !== undefined) return;
  role.snapshot = { number: invite.number, endCommitIndex: undefined, appliesLater: false };
  const { history = '', epoch, epochId } = core;
  core.emit({ type: 'requestSnapshot', from, history, epoch, epochId, number: invite.number });
}
