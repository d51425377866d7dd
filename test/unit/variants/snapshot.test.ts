/** Snapshots (R10): variants that break one sentence of the rule each. */
import { describeVariants, scenario } from './variant.js';
import { edit } from './variant-lab.js';

describeVariants('snapshot', [
  {
    rule: 'R10',
    does: 'accepts an invitation although a claim has failed since the Sync that it belongs to',
    edits: [edit('follower/follower.ts', '  if (role.lineage.length === 0) return;\n', '')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'writes the snapshot over its old data',
    edits: [
      edit(
        'state/core.ts',
        "type: 'reset', baseSeq, baseEpoch, baseEpochId, complete, requestFloor, timeMs }",
        "type: complete ? 'reset' : 'rebase', baseSeq, baseEpoch, baseEpochId, complete, requestFloor, timeMs, entries: [] }",
      ),
    ],
    caughtBy: scenario('planned-end'),
  },
  {
    rule: 'R10',
    does: 'counts as complete before all chunks have arrived',
    edits: [edit('follower/joiner.ts', 'false, event.requestFloor)', 'true, event.requestFloor)')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'counts as complete before that is durable',
    edits: [edit('state/core.ts', 'this.complete && this.durability.doneNumber >= this.completingWrite', 'this.complete')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'counts as complete after the last chunk, before the log up to its commit index',
    edits: [edit('follower/follower.ts', ' || core.appliedSeq < snapshot.endCommitIndex) return;', ') return;')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: "lets the log that follows the snapshot start at the log's end, beyond the commit index",
    edits: [
      edit(
        'primary/replicate.ts',
        "const { history = '', commitIndex: baseSeq } = core;",
        "const { history = '' } = core;\n  const baseSeq = core.log.lastSeq;",
      ),
    ],
    caughtBy: scenario('too-few'),
  },
  {
    rule: 'R10',
    does: 'does not retain the log that follows the snapshot',
    edits: [edit('primary/replicate.ts', 'peer.retainFromSeq = core.commitIndex + 1;', '')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'applies the log before the chunks have arrived',
    edits: [
      edit('follower/follower.ts', 'if (core.complete) {', 'if (core.complete || snapshot?.endCommitIndex === undefined) {'),
    ],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'continues its snapshot after a new Sync',
    edits: [edit('follower/follower.ts', 'role.stream = undefined;\n  role.snapshot = undefined;', 'role.stream = undefined;')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'uses a late chunk of an older snapshot',
    edits: [edit('follower/joiner.ts', 'core.role.snapshot?.number === event.number', 'core.role.snapshot !== undefined')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'uses a late chunk of a snapshot with the same number of an older epoch',
    edits: [edit('follower/joiner.ts', '|| core.epochId !== event.epochId', '')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'invites a joiner that has no room for the data',
    edits: [edit('primary/replicate.ts', 'replicaId === peer.id && full', 'replicaId === peer.id && full && false')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'keeps all of the log that arrives before its snapshot has ended, without a bound',
    edits: [edit('follower/follower.ts', 'core.log.bytes > snapshotGrowth * core.options.retainBytes', 'false')],
    caughtBy: scenario('snapshot'),
  },
]);
