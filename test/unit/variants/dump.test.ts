/** Dumps (R10) with a sentence broken. */
import { expect } from 'vitest';
import { describeVariants, scenario, script } from './variant.js';
import { edit, type Lab } from './variant-lab.js';

describeVariants('dump', [
  {
    rule: 'R10',
    does: 'lays the dump over the data it has',
    edits: [
      edit(
        'core.ts',
        "type: 'reset', baseSeq, baseEpoch, complete }",
        "type: complete ? 'reset' : 'rebase', baseSeq, baseEpoch, complete, entries: [] }",
      ),
    ],
    caughtBy: scenario('planned-end'),
  },
  {
    rule: 'R10',
    does: 'takes itself for complete while chunks are still to come',
    edits: [edit('joiner.ts', 'event.baseEpoch, false)', 'event.baseEpoch, true)')],
    caughtBy: scenario('dump'),
  },
  {
    rule: 'R10',
    does: 'takes itself for complete before that is durable',
    edits: [edit('core.ts', 'this.complete && this.durability.doneNumber >= this.completingWrite', 'this.complete')],
    caughtBy: scenario('dump'),
  },
  {
    rule: 'R10',
    does: 'takes itself for complete after the last chunk, before the log up to the commit index of then',
    edits: [edit('follower.ts', ' || core.appliedSeq < dump.endCommitIndex) return;', ') return;')],
    caughtBy: script(completeOnlyUpToTheCommitIndexOfTheLastChunk),
  },
  {
    rule: 'R10',
    does: "lets the log that follows the dump start at the log's end, beyond the commit index",
    edits: [
      edit('replicate.ts', 'core.log.epochAt(core.commitIndex)', 'core.log.epochAt(core.log.lastSeq)'),
      edit('replicate.ts', 'baseSeq: core.commitIndex, baseEpoch', 'baseSeq: core.log.lastSeq, baseEpoch'),
    ],
    caughtBy: scenario('too-few'),
  },
  {
    rule: 'R10',
    does: 'does not retain the log that is to follow the dump',
    edits: [edit('replicate.ts', 'peer.retainFromSeq = core.commitIndex + 1;', '')],
    caughtBy: scenario('dump'),
  },
  {
    rule: 'R10',
    does: 'applies the log before the chunks have come',
    edits: [edit('follower.ts', 'if (!core.complete && dump?.endCommitIndex === undefined) return;', '')],
    caughtBy: scenario('dump'),
  },
  {
    rule: 'R10',
    does: 'goes on with its dump when a new Sync has come',
    edits: [edit('follower.ts', 'role.stream = undefined;\n  role.dump = undefined;', 'role.stream = undefined;')],
    caughtBy: scenario('dump'),
  },
  {
    rule: 'R10',
    does: 'takes a late chunk of an older dump',
    edits: [edit('joiner.ts', 'core.role.dump?.number === event.number', 'core.role.dump !== undefined')],
    caughtBy: scenario('dump'),
  },
  {
    rule: 'R10',
    does: 'takes a late chunk of a dump of an older epoch, which has the same number',
    edits: [edit('joiner.ts', '|| core.epoch !== event.epoch', '')],
    caughtBy: script(noChunkOfAnOlderEpoch),
  },
]);

function noChunkOfAnOlderEpoch({ withoutHistory, beginDump }: Lab): void {
  const c = withoutHistory();
  c.start('c');
  c.stabilize();
  c.start('b');
  beginDump(c);
  c.kill('a');
  c.until(() => c.primary === 'c', 'no failover');
  c.cluster.dumpsHeld = false;
  c.stepUntil(() => c.node('b').store.items.size > 0 && c.cluster.dumps.at(-1)!.primary === 'c~1');
  const { number } = c.cluster.dumps.at(-1)!;
  const stale = { key: 'k1', value: new TextEncoder().encode('stale'), version: 1 };
  c.node('b').handle({ type: 'dumpChunk', epoch: 1, number, items: [{ ...stale, version: 0 }] });
  // Should it be taken, the store is not what the log makes it.
  c.stabilize();
}

/** The last chunk has been read after an entry had committed that is still on its way to b. */
function completeOnlyUpToTheCommitIndexOfTheLastChunk({ withoutHistory, beginDump }: Lab): void {
  const c = withoutHistory();
  c.start('b');
  beginDump(c);
  c.drop('append', ({ to }) => to === 'b~1');
  c.put('a', 'k1', 'new');
  c.deliverAll();
  c.cluster.dumpsHeld = false;
  c.advance(100);
  expect(c.snapshot('b').complete).toBe(false);
  c.heal();
  c.stabilize();
}
