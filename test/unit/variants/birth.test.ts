/** Identity and birth (R1, R3) with a sentence broken. */
import { expect } from 'vitest';
import { describeVariants, scenario, script } from './variant.js';
import { edit, type Lab } from './variant-lab.js';

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
    edits: [edit('claim.ts', '!core.isNew || firstInLine', 'firstInLine')],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'gives birth though it has known an epoch, because it is empty',
    edits: [edit('core.ts', 'this.epoch === 0 && this.log', 'this.log')],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'gives birth without being the lowest candidate',
    edits: [edit('claim.ts', '!core.isNew || firstInLine(placedCandidates(core)) !== core.self', '!core.isNew')],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'goes on serving when the state is gone',
    edits: [
      edit(
        'state-news.ts',
        "failed(core, news.settled);\n  if (core.role.kind === 'primary')",
        "failed(core, news.settled);\n  if (core.role.kind === 'claimant')",
      ),
    ],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'takes a state of a lower epoch for news',
    edits: [edit('state-register.ts', "known?.kind === 'present' && state.epoch < known.state.epoch", 'state.epoch < 0')],
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
