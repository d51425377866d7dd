/** Reads (R9): variants that break one sentence of the rule each. */
import { describeVariants, scenario, schedules } from './variant.js';
import { edit } from './variant-lab.js';

const tooOld = '!grantsLease(peer, leaseMs, nowMs)';

describeVariants('reads', [
  {
    rule: 'R9',
    does: 'serves reads without a lease',
    edits: [edit('primary/lease.ts', tooOld, 'leaseMs < 0')],
    caughtBy: schedules(40),
  },
  {
    rule: 'R9',
    does: 'counts a lease from the receipt of the answer',
    edits: [edit('primary/replicate.ts', 'Math.max(peer.leaseSentMs, answer.sentAtMs)', 'core.nowMs')],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9',
    does: 'uses the time of the last event, not a clock sampled after the request arrived',
    edits: [edit('primary/refusals.ts', 'core.options.leaseMs, nowMs)', 'core.options.leaseMs, core.nowMs)')],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9',
    does: 'needs the answer of only one of several members',
    edits: [
      edit(
        'primary/lease.ts',
        `if (peer === undefined || ${tooOld}) return false;`,
        'if (peer !== undefined && grantsLease(peer, leaseMs, nowMs)) return true;',
      ),
    ],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9, R10',
    does: 'needs no lease from the joiner that is proposed',
    edits: [
      edit(
        'primary/refusals.ts',
        'holdsLease(role, core.self, requiredIds(core, role)',
        'holdsLease(role, core.self, core.register.state?.inSync ?? []',
      ),
    ],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9',
    does: 'needs a lease although it is the only member',
    edits: [edit('primary/lease.ts', '  return true;', '  return required.length > 1;')],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9',
    does: 'never pauses',
    edits: [edit('primary/membership.ts', '    role.paused = true;', '    if (!role.paused) return;')],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9',
    does: 'answers requests as if it were not paused',
    edits: [edit('primary/refusals.ts', "if (role.paused) return 'PAUSED';", '')],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9',
    does: 'keeps sending beacons while it is paused',
    edits: [edit('primary/replicate.ts', 'probe: role.paused', 'probe: false')],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9',
    does: 'stays loyal because of a probe',
    edits: [edit('follower/follower.ts', 'if (!beacon.probe) core', 'core')],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9',
    does: 'counts the answer to a probe as a lease',
    edits: [edit('primary/replicate.ts', 'if (!answer.probe && !role.paused) peer', 'peer')],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9',
    does: 'resumes while the claim of a member may still succeed',
    edits: [edit('primary/membership.ts', '!peer.claiming && core.nowMs', 'core.nowMs')],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9',
    does: 'never resumes',
    edits: [edit('primary/membership.ts', 'if (!answered) return;', 'if (role.paused) return;')],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R9',
    does: 'stays primary while its own log write is overdue',
    edits: [
      edit(
        'tick.ts',
        "core.role.kind !== 'primary' || startedMs === undefined ||",
        "core.role.kind !== 'primary' || startedMs === undefined || startedMs > 0 ||",
      ),
    ],
    caughtBy: scenario('lease'),
  },
]);
