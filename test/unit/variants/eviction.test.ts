/** Eviction and compare-and-set (R7): variants that break one sentence of the rule each. */
import { expect } from 'vitest';
import { describeVariants, runActions, scenario, schedules, script } from './variant.js';
import { edit, type Lab } from './variant-lab.js';

const union = '[...new Set([...known, ...this.#proposal.next.inSync])].sort()';
const remainsUnknown = "this.#proposal = { ...proposal, status: 'unknown', unknownMs: nowMs };\n        return undefined;";
const becomesRefused = "this.#proposal = { ...proposal, status: 'refused' };\n        return undefined;\n    }";
const confirmed = 'return next === undefined ? known : known.filter((id) => next.includes(id));';

describeVariants('eviction, and compare-and-set', [
  {
    rule: 'R7',
    does: 'evicts a member without waiting for ZooKeeper',
    edits: [edit('state/state-register.ts', union, 'this.#proposal.next.inSync')],
    caughtBy: schedules(30),
  },
  {
    rule: 'R7',
    does: 'does not evict a backup that is gone',
    edits: [
      edit('primary/membership.ts', "if (peer === undefined) return 'gone';", 'if (peer === undefined) return undefined;'),
      edit('primary/membership.ts', "if (peer.refused) return 'refused';", 'if (peer.refused) return undefined;'),
    ],
    caughtBy: scenario('eviction'),
  },
  {
    rule: 'R7',
    does: 'does not evict a backup that is silent',
    edits: [
      edit('primary/membership.ts', 'if (silentMs > leaseMs && !isPatient)', 'if (silentMs < 0)'),
      edit('primary/membership.ts', 'if (stuckMs > leaseMs && !isPatient)', 'if (stuckMs < 0)'),
    ],
    caughtBy: scenario('eviction'),
  },
  {
    rule: 'R7',
    does: 'does not evict a backup that answers beacons but acknowledges nothing',
    edits: [edit('primary/membership.ts', 'if (stuckMs > leaseMs && !isPatient)', 'if (stuckMs < 0)')],
    caughtBy: scenario('eviction'),
  },
  {
    rule: 'R7',
    does: 'mistakes a stale read of the state for the outcome of a compare-and-set',
    edits: [edit('state/state-register.ts', "isSameContent(state, known.state) ? 'same' : 'contradicts'", "'later'")],
    caughtBy: script(checkLostClaimIsRepeated),
  },
  {
    rule: 'R7',
    does: 'mistakes a lost answer for a failure',
    edits: [
      edit(
        'state/state-register.ts',
        remainsUnknown,
        'this.#proposal = undefined;\n        return { proposal, succeeded: false };',
      ),
    ],
    caughtBy: script(checkLostClaimIsRepeated),
  },
  {
    rule: 'R7',
    does: 'mistakes a lost answer for a success',
    edits: [
      edit(
        'state/state-register.ts',
        remainsUnknown,
        `this.#proposal = undefined;
        this.#known = { version: (proposal.expectedVersion ?? -1) + 1, state: proposal.next, sinceMs: nowMs };
        return { proposal, succeeded: true };`,
      ),
    ],
    caughtBy: schedules(30),
  },
  {
    rule: 'R7',
    does: 'mistakes a refusal for a failure, although its earlier attempt may have moved the version',
    edits: [
      edit(
        'state/state-register.ts',
        becomesRefused,
        'this.#proposal = undefined;\n        return { proposal, succeeded: false };\n    }',
      ),
    ],
    caughtBy: script(checkLostClaimIsRepeated),
  },
  {
    rule: 'R7',
    does: 'mistakes an attempt that was not sent for a failure of the one before it',
    edits: [edit('state/state-register.ts', "if (proposal.status !== 'sent') return undefined;", '')],
    caughtBy: scenario('eviction'),
  },
  {
    rule: 'R7',
    does: 'makes another proposal while one is outstanding',
    edits: [
      edit(
        'primary/membership.ts',
        'const mayPropose = core.mayWriteState;',
        'const mayPropose = core.sessionConnected && register.isFresh;',
      ),
    ],
    caughtBy: scenario('eviction'),
  },
  {
    rule: 'R7',
    does: 'does not repeat a compare-and-set whose answer was lost',
    edits: [edit('state/state-register.ts', 'nowMs - proposal.sentMs < intervalMs', 'intervalMs > 0')],
    caughtBy: scenario('eviction'),
  },
  {
    rule: 'R7',
    does: 'does not read the state after a refused compare-and-set',
    edits: [
      edit('tick.ts', "if (core.register.proposal?.status === 'refused') core.emit", 'if (core.nowMs < 0) core.emit'),
      edit(
        'state-changes.ts',
        "if (outcome.kind === 'conflict' || outcome.kind === 'missing') core",
        "if (outcome.kind === 'missing') core",
      ),
    ],
    caughtBy: scenario('eviction'),
  },
  {
    rule: 'R7, R11',
    does: 'counts a member whose removal is proposed for minInSync',
    edits: [edit('state/state-register.ts', confirmed, 'return known;')],
    caughtBy: scenario('eviction'),
  },
  {
    rule: 'R7, R11',
    does: 'counts a joiner whose addition is proposed for minInSync',
    edits: [edit('state/state-register.ts', confirmed, 'return next ?? known;')],
    caughtBy: scenario('eviction'),
  },
]);

/** b is primary in ZooKeeper and does not know. While its claim may have succeeded, it renews no lease of a. */
function checkLostClaimIsRepeated({ Scenario }: Lab): void {
  const c = Scenario.of('a b');
  const { session } = c.node('b');
  c.pause('a');
  session.loseNextAnswer = 'applied';
  for (const name of ['a', 'b']) c.node(name).session.watchesMuted = true;
  for (let tick = 0; tick < 100 && session.loseNextAnswer !== undefined; tick++) {
    c.elapse(50);
    c.tick('b');
    runActions(c, 10);
  }
  session.lag = 1;
  session.refresh(false);
  runActions(c, 10);
  // b repeats its attempt, which is refused: its own first attempt has moved the version.
  for (let tick = 0; tick < 7; tick++) {
    c.elapse(50);
    c.tick('b');
    runActions(c, 10);
  }
  // a cannot evict b.
  c.node('a').session.held = true;
  c.resume('a');
  c.tick('a');
  runActions(c, 30);
  session.lag = 0;
  session.refresh(false);
  // If a still had a lease, two replicas would serve reads at one instant.
  runActions(c, 20);
  c.tick('b');
  expect(c.primary).toBe('b');
}
