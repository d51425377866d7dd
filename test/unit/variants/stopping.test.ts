/** Planned stops (R12): variants that break one sentence of the rule each. */
import { expect } from 'vitest';
import { describeVariants, runActions, scenario, script } from './variant.js';
import { edit, type Lab } from './variant-lab.js';

const proposedOrEnding = "role.handover?.stage === 'proposed' || role.ending";
const handsOver = '{ ...state, ...nextEpoch(state, id), primary: successor };';

describeVariants('planned stops', [
  {
    rule: 'R12',
    does: 'serves reads while its compare-and-set may still succeed',
    edits: [edit('primary/refusals.ts', proposedOrEnding, 'role.ending')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'accepts new writes while it drains',
    edits: [edit('primary/refusals.ts', 'role.handover !== undefined || role.ending', 'role.ending')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'hands over before its appended entries are committed',
    edits: [edit('primary/handover.ts', 'if (!drained || state === undefined)', 'if (state === undefined)')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'leaves the set at once, before the successor serves',
    edits: [
      edit(
        'protocol/shard-state.ts',
        handsOver,
        handsOver.replace(' };', ', inSync: state.inSync.filter((id) => id !== state.primary) };'),
      ),
    ],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'hands over to a replica outside the set',
    edits: [edit('primary/handover.ts', 'return inSync && !stopping', 'return peer !== undefined && !stopping')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'hands over to a replica that is stopping',
    edits: [edit('primary/handover.ts', 'return inSync && !stopping && !peer.stopping &&', 'return inSync &&')],
    caughtBy: script(checkStoppingNodeDoesNotClaim),
  },
  {
    rule: 'R12',
    does: 'hands over to a replica whose database gives no answer',
    edits: [edit('primary/handover.ts', 'if (impaired) return false;', '')],
    caughtBy: scenario('impaired'),
  },
  {
    rule: 'R12',
    does: 'stays primary although its database gives no answer and another member can lead',
    edits: [edit('leaving.ts', "if (role.kind === 'primary' && maybeHandOverImpaired(core, role)) return;", '')],
    caughtBy: scenario('impaired'),
  },
  {
    rule: 'R12',
    does: 'goes on draining although its database answers again',
    edits: [
      edit(
        'primary/moving.ts',
        'if (placed === undefined || core.isPreferredHere) {',
        'if (placed === undefined) return;\n  if (core.isPreferredHere) {',
      ),
    ],
    caughtBy: scenario('impaired'),
  },
  {
    rule: 'R12',
    does: 'drains for its database while a member does not answer',
    edits: [edit('primary/handover.ts', '!mayHandOver(role) || !mayDrain(core, role)', '!mayHandOver(role)')],
    caughtBy: scenario('impaired'),
  },
  {
    rule: 'R12',
    does: 'overlooks while nothing happens that another member can lead, although its database gives no answer',
    edits: [edit('quiescence.ts', 'core.isImpaired || ', '')],
    caughtBy: scenario('impaired'),
  },
  {
    rule: 'R12',
    does: 'claims before others although its database gives no answer',
    edits: [
      edit(
        'follower/succession.ts',
        '[...eligible.filter(({ impaired }) => !impaired), ...eligible.filter(({ impaired }) => impaired)]',
        'eligible',
      ),
    ],
    caughtBy: scenario('impaired'),
  },
  {
    rule: 'R12',
    does: 'claims although it is stopping and another member lives',
    edits: [edit('follower/succession.ts', 'willing.length > 0 ? willing : members', 'members')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'never claims once it is stopping, although it is the last member',
    edits: [edit('follower/succession.ts', 'willing.length > 0 ? willing : members', 'willing')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'does not try again when its compare-and-set has definitely failed',
    edits: [edit('state-changes.ts', "proposal.purpose === 'handover' && role", "proposal.purpose === 'claim' && role")],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'does not report in its answers that it is stopping',
    edits: [edit('follower/follower.ts', 'stopping: core.stopping !== undefined,', 'stopping: false,')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'keeps a stopping backup in the set',
    edits: [edit('primary/membership.ts', "role.serving && peer.stopping ? 'stopping' : undefined", 'undefined')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'stops, as backup, while it is a member',
    edits: [edit('follower/departure.ts', ' && !mayBeMember(core)', '')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12, R13',
    does: 'stops, although it has known an epoch, because a server shows no state',
    edits: [
      edit(
        'follower/departure.ts',
        'if (state === undefined) return !core.isNew || core.mayHaveBegun;',
        'if (state === undefined) return false;',
      ),
    ],
    caughtBy: scenario('lost-state'),
  },
  {
    rule: 'R12, R13',
    does: 'ends the history while others are in the set',
    edits: [edit('primary/handover.ts', 'core.register.required.length > 1 || core.register.proposal', 'core.register.proposal')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'hands over to a replica whose answers report that it is stopping',
    edits: [edit('primary/handover.ts', 'return inSync && !stopping && !peer.stopping', 'return inSync && !stopping')],
    caughtBy: scenario('handover'),
  },
  {
    rule: 'R12',
    does: 'waits for a commit that is impossible with fewer than minInSync members',
    edits: [
      edit(
        'primary/handover.ts',
        'const canCommit = register.confirmed.length >= core.options.minInSync',
        'const canCommit = true',
      ),
    ],
    caughtBy: scenario('handover'),
  },
]);

/** The znode of b announces that b is stopping. */
function checkStoppingNodeDoesNotClaim({ Scenario }: Lab): void {
  const c = Scenario.of('a b');
  c.stop('b');
  c.deliverAll();
  c.stop('a');
  runActions(c, 1000);
  expect(c.state?.epoch).toBe(1);
}
