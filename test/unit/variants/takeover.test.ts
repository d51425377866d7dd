/** Takeover (R5): variants that break one sentence of the rule each. */
import { describeVariants, scenario, schedules } from './variant.js';
import { edit } from './variant-lab.js';

const cutToCommitIndex =
  "core.log.truncateAfter(core.commitIndex); core.durability.cutTo(core.commitIndex); core.persist({ type: 'truncate', afterSeq: core.commitIndex }, { lastSeq: core.commitIndex });";

describeVariants('takeover', [
  {
    rule: 'R5',
    does: 'sends no beacon before it serves',
    edits: [
      edit(
        'primary/replicate.ts',
        'if (core.nowMs < role.nextBeaconMs) return;',
        'if (core.nowMs < role.nextBeaconMs || !role.serving) return;',
      ),
      edit('replica.ts', 'if (peer.linked) sendBeacon', 'if (peer.linked && role.serving) sendBeacon'),
    ],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'answers in an epoch that it has not adopted durably',
    edits: [edit('receive.ts', 'if (!core.isEpochDurable) core.deferred', 'if (core.epoch < 0) core.deferred')],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5, R10',
    does: 'cuts its log to its commit index when it learns of a new epoch',
    edits: [
      edit(
        'state/transitions.ts',
        '  core.loyalSinceMs = core.nowMs;\n',
        `  core.loyalSinceMs = core.nowMs;\n  ${cutToCommitIndex}\n`,
      ),
    ],
    caughtBy: schedules(30),
  },
  {
    rule: 'R5, R10',
    does: 'cuts its log to its commit index when it takes over',
    edits: [
      edit(
        'state/transitions.ts',
        'core.deferred.clear();\n  // The seqs between',
        `core.deferred.clear();\n  ${cutToCommitIndex}\n  // The seqs between`,
      ),
    ],
    caughtBy: schedules(20),
  },
  {
    rule: 'R5',
    does: 'keeps entries that diverge from the log of the primary',
    edits: [edit('follower/follower.ts', 'if (common < core.log.lastSeq) {', 'if (common > core.log.lastSeq) {')],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'compares logs by sequence numbers, without epochs',
    edits: [edit('protocol/log-position.ts', 'if (isSameEpoch(oneRun, otherRun)) return seq;', 'return seq;')],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'sends a member none of the entries it lacks',
    edits: [edit('primary/replicate.ts', 'peer.nextSeq = answer.matchedSeq + 1;', 'peer.nextSeq = core.log.lastSeq + 1;')],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'counts an acknowledgement of an earlier stream',
    edits: [edit('primary/replicate.ts', "if (answer.number !== peer.number || peer.phase !== 'replicating') return;", '')],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'serves and appends before all members have synced',
    edits: [edit('primary/commit.ts', "if (id !== core.self && role.peers.get(id)?.phase !== 'replicating') return;", '')],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'accepts an append without checking the epoch of the entry before it',
    edits: [edit('follower/follower.ts', 'append.prevEpochId === core.log.lastEpochId', 'true')],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'uses a commit index beyond the position verified with this primary',
    edits: [
      edit('follower/follower.ts', 'Math.min(commitIndex, role.stream.verifiedSeq)', 'Math.min(commitIndex, core.log.lastSeq)'),
      edit('follower/follower.ts', '  if (role.stream === undefined) return;\n  core.commitIndex', '  core.commitIndex'),
    ],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'serves before its inherited entries are committed',
    edits: [edit('primary/commit.ts', 'core.commitIndex < role.takeoverEnd || ', '')],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'commits its inherited entries without the other members',
    edits: [
      edit(
        'primary/commit.ts',
        'Math.max(facts.commitIndex, allowed)',
        'Math.max(facts.commitIndex, facts.takeoverEnd, allowed)',
      ),
    ],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'needs minInSync to commit its inherited entries',
    edits: [edit('primary/commit.ts', 'Math.min(acknowledged, takeoverEnd)', 'facts.commitIndex')],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'sends Sync, as primary, before its own disk holds the epoch',
    edits: [edit('primary/replicate.ts', 'if (!core.isEpochDurable) return;', '')],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'serves before its own disk holds the epoch',
    edits: [edit('primary/commit.ts', ' || !core.isEpochDurable', '')],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'appends new writes before it serves',
    edits: [
      edit(
        'primary/refusals.ts',
        'return refusal;\n  if (role.handover !== undefined',
        "if (refusal !== 'TAKEOVER_IN_PROGRESS') return refusal;\n  if (role.handover !== undefined",
      ),
    ],
    caughtBy: scenario('takeover'),
  },
  {
    rule: 'R5',
    does: 'counts a position verified with the old primary as verified with the new one',
    edits: [
      edit('state/transitions.ts', 'core.role = newFollower();', 'core.role = { ...newFollower(), stream: core.role.stream };'),
    ],
    caughtBy: scenario('takeover'),
  },
]);
