/** Writes (R6), and too few members for them (R11): variants that break one sentence of the rule each. */
import { describeVariants, scenario, schedules } from './variant.js';
import { edit } from './variant-lab.js';

describeVariants('write', [
  {
    rule: 'R6',
    does: 'judges a precondition by committed entries only',
    edits: [
      edit('primary/write.ts', 'newest === undefined ? event.storedVersion : versionOf(newest, key)', 'event.storedVersion'),
    ],
    caughtBy: scenario('write'),
  },
  {
    rule: 'R6',
    does: 'counts its own entries as acknowledged, as primary, before they are durable',
    edits: [edit('primary/commit.ts', 'id === self ? core.durability.lastSeq', 'id === self ? core.log.lastSeq')],
    caughtBy: schedules(15),
  },
  {
    rule: 'R6',
    does: 'acknowledges entries, as backup, before they are durable',
    edits: [
      edit(
        'follower/follower.ts',
        'if (fresh.length === 0) acknowledge(core, role, stream.ackedSeq)',
        'acknowledge(core, role, stream.verifiedSeq)',
      ),
    ],
    caughtBy: schedules(15),
  },
  {
    rule: 'R6',
    does: 'commits when a majority of the required set has acknowledged',
    edits: [
      edit(
        'primary/commit.ts',
        '  return held;',
        `  const all = core.register.required.map((id) => (id === self ? core.durability.lastSeq : heldBy(core, role.peers.get(id))));
  return all.sort((one, other) => other - one)[Math.floor(all.length / 2)]!;`,
      ),
    ],
    caughtBy: schedules(15),
  },
  {
    rule: 'R6',
    does: 'answers a write when it is appended',
    edits: [
      edit(
        'primary/append.ts',
        'role.waiters.addWrite(entry.seq, token, given, sync);',
        "core.emit({ type: 'answer', token, answer: given ?? { kind: 'written', version: entry.seq } });",
      ),
    ],
    caughtBy: schedules(15),
  },
  {
    rule: 'R6',
    does: 'answers a write with sync at its commit',
    edits: [edit('state/waiters.ts', 'this.#syncs.add(seq);', '')],
    caughtBy: scenario('sync-writes'),
  },
  {
    rule: 'R6',
    does: 'takes what a backup has written for flushed',
    edits: [
      edit('primary/replicate.ts', 'answer.ackedSeq - answer.unflushed', 'answer.ackedSeq'),
      edit('primary/replicate.ts', 'answer.matchedSeq - answer.unflushed', 'answer.matchedSeq'),
    ],
    caughtBy: scenario('sync-writes'),
  },
  {
    rule: 'R6',
    does: 'does not wait for a flush of its own, as primary, with a write that has sync',
    edits: [edit('primary/flush-wait.ts', 'id === self ? durability.flushedSeq', 'id === self ? durability.lastSeq')],
    caughtBy: scenario('sync-writes'),
  },
  {
    rule: 'R6',
    does: 'does not wait for a flush when a write with sync is sent again',
    edits: [
      edit('primary/retries.ts', 'else if (sync) answerOnceFlushed(core, role, { seq, token, answer, isRecorded: true });\n', ''),
    ],
    caughtBy: scenario('sync-writes'),
  },
  {
    rule: 'R6',
    does: 'answers a call with sync that writes nothing before the committed entries that it was judged by are flushed',
    edits: [
      edit(
        'primary/write.ts',
        'else if (waiter.sync) answerOnceFlushed(core, role, { ...waiter, seq: core.commitIndex });\n',
        '',
      ),
    ],
    caughtBy: scenario('sync-writes'),
  },
  {
    rule: 'R6',
    does: 'answers a call with sync that writes nothing once the entry that it was judged by has committed',
    edits: [
      edit('state/waiters.ts', 'if (waiter.sync) this.addCommitted', 'if (waiter.isRecorded && waiter.sync) this.addCommitted'),
    ],
    caughtBy: scenario('sync-writes'),
  },
  {
    rule: 'R6',
    does: 'leaves the flush for which a write with sync waits to the interval, at a backup',
    edits: [edit('follower/follower.ts', 'if (append.flush && core.options.reportsFlushes)', 'if (core.stopped)')],
    caughtBy: scenario('sync-writes'),
  },
  {
    rule: 'R6',
    does: 'leaves the flush for which a write with sync waits to the interval, at the primary',
    edits: [
      edit('primary/flush-request.ts', "if (core.durability.flushedSeq < newestSync) core.emit({ type: 'flushLog' });", ''),
    ],
    caughtBy: scenario('sync-writes'),
  },
  {
    rule: 'R6',
    does: 'does not ask again for a flush after the request was lost',
    edits: [edit('primary/replicate.ts', '  peer.flushAskedSeq = peer.flushedSeq;\n', '')],
    caughtBy: scenario('sync-writes'),
  },
  {
    rule: 'R12',
    does: 'hands over while a write with sync waits for a flush',
    edits: [edit('primary/handover.ts', ' && !role.waiters.hasFlushWaiters', '')],
    caughtBy: scenario('sync-writes'),
  },
  {
    rule: 'R6',
    does: 'lets a read see an uncommitted write, at the primary',
    edits: [
      edit(
        'primary/append.ts',
        'core.log.append(entry, role.epochId);',
        "core.log.append(entry, role.epochId);\n  core.emit({ type: 'apply', entries: [entry] });",
      ),
    ],
    caughtBy: schedules(15),
  },
  {
    rule: 'R6',
    does: 'applies uncommitted entries, at a backup',
    edits: [
      edit(
        'follower/follower.ts',
        'learnCommitIndex(core, role, append.commitIndex)',
        'learnCommitIndex(core, role, core.log.lastSeq)',
      ),
    ],
    caughtBy: schedules(15),
  },
  {
    rule: 'R6',
    does: 'answers a refused precondition, or a delete of nothing, before the entry it was judged by has committed',
    edits: [edit('primary/write.ts', 'if (judgedBy !== undefined) role', 'if (judgedBy === -1) role')],
    caughtBy: scenario('write'),
  },
  {
    rule: 'R6, R9',
    does: 'answers a read behind a write of its key before the write has committed',
    edits: [
      edit(
        'primary/write.ts',
        "answerJudged(core, role, newest?.seq, { token, answer: { kind: 'readable'",
        "answerJudged(core, role, undefined, { token, answer: { kind: 'readable'",
      ),
    ],
    caughtBy: scenario('ordered-read'),
  },
  {
    rule: 'R6',
    does: 'answers a read behind a write of its key with the stored value once the write has committed',
    edits: [edit('primary/write.ts', "kind: 'readable', newest: found", "kind: 'readable', newest: undefined")],
    caughtBy: scenario('ordered-read'),
  },
  {
    rule: 'R6, R9',
    does: 'answers a refused precondition, or a delete of nothing, without a lease',
    edits: [edit('primary/answer-judgement.ts', 'refusal === undefined ? answer', 'answer !== undefined ? answer')],
    caughtBy: scenario('write'),
  },
  {
    rule: 'R6',
    does: 'sends writes at once, one by one, while the most batches are in flight',
    edits: [edit('primary/replicate.ts', 'inFlight.length >= options.maxBatchesInFlight || ', '')],
    caughtBy: scenario('write'),
  },
  {
    rule: 'R11',
    does: 'appends writes with fewer than minInSync members',
    edits: [edit('primary/refusals.ts', "if (core.register.confirmed.length < options.minInSync) return 'TOO_FEW_IN_SYNC';", '')],
    caughtBy: scenario('too-few'),
  },
  {
    rule: 'R11',
    does: 'commits entries of its own epoch with fewer than minInSync members',
    edits: [edit('primary/commit.ts', 'facts.confirmedMembers >= facts.minInSync ? ', 'facts.confirmedMembers > 0 ? ')],
    caughtBy: scenario('too-few'),
  },
]);
