/** Identity and birth (R1, R3) with a sentence broken. */
import { expect } from 'vitest';
import { describeVariants, scenario, script } from './variant.js';
import { edit, type Lab } from './variant-lab.js';

/** A second rule keeps what the first one asks for: it is broken as well. */
const isNotRestored = edit(
  'follower/claim.ts',
  'return core.register.isRestored || historiesOfOthers',
  'return historiesOfOthers',
);

describeVariants('identity and birth', [
  {
    rule: 'R1',
    does: 'takes a message that is meant for the replica that lived here before',
    edits: [edit('receive.ts', 'if (message.to !== core.self) return;', '')],
    caughtBy: scenario('identity'),
  },
  {
    rule: 'R1',
    does: 'comes back empty under the identity it had',
    edits: [
      edit('testing/cluster.fixture.ts', 'lives + 1', 'Math.min(lives, 0) + 1'),
      edit(
        'testing/cluster.fixture.ts',
        'this.nodes.find((node) => node.replicaId === id)',
        'this.nodes.findLast((node) => node.replicaId === id)',
      ),
    ],
    caughtBy: script(comesBackEmpty),
  },
  {
    rule: 'R3',
    does: 'gives birth into an empty ZooKeeper though it holds entries',
    edits: [edit('follower/claim.ts', 'if (!core.isNew || isNoBeginning(core)) return;', '')],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'gives birth though it has known an epoch, because it is empty',
    edits: [edit('state/core.ts', 'this.history === undefined && this.log', 'this.log'), isNotRestored],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'gives birth without being the lowest candidate',
    edits: [edit('follower/claim.ts', 'if (firstInLine(placedCandidates(core)) !== core.self) return;\n  propose', 'propose')],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'goes on serving when the state is gone',
    edits: [
      edit('state-changes.ts', 'failed(core, settled);\n    return stepDown(core);', 'failed(core, settled);\n    return;'),
    ],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'takes a state of a lower epoch, or of another history, for news',
    edits: [edit('state/state-register.ts', "isLater(known.state, state) ? 'later' : 'contradicts'", "'later'")],
    caughtBy: scenario('birth'),
  },
]);

/** b, alone in the end, has acknowledged what the new process under its name does not hold. */
function comesBackEmpty({ Scenario }: Lab): void {
  const c = Scenario.of('a b');
  c.put('a', 'k', 'v');
  c.advance(300);
  c.kill('b');
  c.start('b');
  c.advance(100);
  c.kill('a');
  c.expire('a');
  c.start('a');
  c.advance(3000);
  expect(c.primary === undefined || c.get(c.primary, 'k').value === 'v').toBe(true);
}
