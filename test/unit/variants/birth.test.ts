/** Identity and birth (R1, R3): variants that break one sentence of the rule each. */
import { expect } from 'vitest';
import { describeVariants, scenario, script } from './variant.js';
import { edit, type Lab } from './variant-lab.js';

/** A second rule guarantees the same, so it is broken, too. */
const isNotRestored = edit(
  'follower/claim.ts',
  'return core.register.isRestored || historiesOfOthers',
  'return historiesOfOthers',
);

describeVariants('identity and birth', [
  {
    rule: 'R1',
    does: 'accepts a message for an earlier replica of its node',
    edits: [edit('receive.ts', 'if (message.to !== core.self) return;', '')],
    caughtBy: scenario('identity'),
  },
  {
    rule: 'R1',
    does: 'restarts empty under its old identity',
    edits: [edit('testing/cluster.fixture.ts', 'this.#lives.set(name, number);', '')],
    caughtBy: script(checkReturnWithoutData),
  },
  {
    rule: 'R3',
    does: 'gives birth in an empty ZooKeeper although it holds entries',
    edits: [edit('follower/claim.ts', 'if (!core.isNew || isNoBeginning(core)) return;', '')],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'gives birth although it has known an epoch, because it is empty',
    edits: [edit('state/core.ts', 'this.history === undefined && this.log', 'this.log'), isNotRestored],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'gives birth without being the lowest candidate',
    edits: [
      edit(
        'follower/claim.ts',
        'if (firstInLine(placedCandidates(core)) !== core.self) return;\n  proposeAsClaimant',
        'proposeAsClaimant',
      ),
    ],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'keeps serving when the state is gone',
    edits: [
      edit('state-changes.ts', 'failed(core, settled);\n    return stepDown(core);', 'failed(core, settled);\n    return;'),
    ],
    caughtBy: scenario('birth'),
  },
  {
    rule: 'R3',
    does: 'accepts a state of a lower epoch, or of another history',
    edits: [edit('state/state-register.ts', "isLater(known.state, state) ? 'later' : 'contradicts'", "'later'")],
    caughtBy: scenario('birth'),
  },
]);

/** b, alone in the end, has acknowledged a write that its new process does not hold. */
function checkReturnWithoutData({ Scenario }: Lab): void {
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
