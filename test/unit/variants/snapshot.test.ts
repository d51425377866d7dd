/** Snapshots (R10) with a sentence broken. */
import { describeVariants, scenario } from './variant.js';
import { edit } from './variant-lab.js';

describeVariants('snapshot', [
  {
    rule: 'R10',
    does: 'lays the snapshot over the data it has',
    edits: [
      edit(
        'state/core.ts',
        "type: 'reset', baseSeq, baseEpoch: base.epoch, baseEpochId: base.id, complete }",
        "type: complete ? 'reset' : 'rebase', baseSeq, baseEpoch: base.epoch, baseEpochId: base.id, complete, entries: [] }",
      ),
    ],
    caughtBy: scenario('planned-end'),
  },
  {
    rule: 'R10',
    does: 'takes itself for complete while chunks are still to come',
    edits: [edit('follower/joiner.ts', 'id: event.baseEpochId }, false)', 'id: event.baseEpochId }, true)')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'takes itself for complete before that is durable',
    edits: [edit('state/core.ts', 'this.complete && this.durability.doneNumber >= this.completingWrite', 'this.complete')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'takes itself for complete after the last chunk, before the log up to the commit index of then',
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
    does: 'does not retain the log that is to follow the snapshot',
    edits: [edit('primary/replicate.ts', 'peer.retainFromSeq = core.commitIndex + 1;', '')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'applies the log before the chunks have come',
    edits: [
      edit(
        'follower/follower.ts',
        'if (!core.complete && snapshot?.endCommitIndex === undefined) return maybeGiveUpSnapshot(core, role);',
        '',
      ),
    ],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'goes on with its snapshot when a new Sync has come',
    edits: [edit('follower/follower.ts', 'role.stream = undefined;\n  role.snapshot = undefined;', 'role.stream = undefined;')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'takes a late chunk of an older snapshot',
    edits: [edit('follower/joiner.ts', 'core.role.snapshot?.number === event.number', 'core.role.snapshot !== undefined')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'takes a late chunk of a snapshot of an older epoch, which has the same number',
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
    does: 'keeps all of the log that comes before its snapshot has ended, however long that takes',
    edits: [edit('follower/follower.ts', 'core.log.bytes > snapshotGrowth * core.options.retainBytes', 'false')],
    caughtBy: scenario('snapshot'),
  },
]);
