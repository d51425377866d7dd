/** Succession (R4): variants that break one sentence of the rule each. */
import { describeVariants, scenario, schedules } from './variant.js';
import { edit } from './variant-lab.js';

describeVariants('succession', [
  {
    rule: 'R4',
    does: 'elects by order alone, in the set or not',
    edits: [edit('follower/succession.ts', '.filter((candidate) => state.inSync.includes(candidate.replicaId))', '')],
    caughtBy: schedules(20),
  },
  {
    rule: 'R4',
    does: 'claims before grace has passed',
    edits: [edit('follower/succession.ts', 'return graceMs + place', 'return graceMs / 2 + place')],
    caughtBy: schedules(20),
  },
  {
    rule: 'R4',
    does: 'waits for the znode of the old primary to vanish',
    edits: [
      edit(
        'follower/claim.ts',
        'if (place === undefined) return;',
        'if (place === undefined || (state.primary !== core.self && core.isCandidate(state.primary!))) return;',
      ),
    ],
    caughtBy: scenario('succession'),
  },
  {
    rule: 'R4',
    does: 'makes the next in line claim at the same time as the first',
    edits: [edit('follower/succession.ts', 'graceMs + place * 2 * beaconMs', 'graceMs')],
    caughtBy: scenario('succession'),
  },
  {
    rule: 'R4',
    does: 'does not restart its wait when it sees a new epoch',
    edits: [edit('state/transitions.ts', '  core.loyalSinceMs = core.nowMs;\n', '')],
    caughtBy: scenario('succession'),
  },
  {
    rule: 'R4',
    does: 'keeps the old primary in the set that it claims',
    edits: [edit('protocol/shard-state.ts', 'id === self || id !== state.primary', 'id !== undefined')],
    caughtBy: scenario('succession'),
  },
  {
    rule: 'R4',
    does: 'claims without an epoch of its own',
    edits: [
      edit(
        'protocol/shard-state.ts',
        '{ ...state, ...nextEpoch(state, id), primary: self, inSync };',
        '{ ...state, primary: self, inSync };',
      ),
    ],
    caughtBy: scenario('succession'),
  },
  {
    rule: 'R4',
    does: 'answers beacons while its claim may still succeed',
    edits: [edit('receive.ts', "message.body.type === 'beacon' && message.body.probe", "message.body.type === 'beacon'")],
    caughtBy: scenario('succession'),
  },
  {
    rule: 'R4',
    does: 'acknowledges entries while its claim may still succeed',
    edits: [
      edit(
        'state/transitions.ts',
        "{ kind: 'claimant', epoch, epochId, forceToken }",
        "{ kind: 'claimant', epoch, epochId, forceToken, was: core.role }",
      ),
      edit(
        'receive.ts',
        "if (role.kind === 'claimant') {",
        "if (role.kind === 'claimant') {\n    if (message.body.type === 'append') onRequest(core, role.was, message);",
      ),
      edit(
        'replica.ts',
        "if (role.kind === 'follower') maybeAcknowledge(core, role);",
        "maybeAcknowledge(core, role.was?.kind === 'follower' ? role.was : role);",
      ),
    ],
    caughtBy: scenario('succession'),
  },
  {
    rule: 'R4',
    does: 'sends a claim and stays a loyal backup until it has succeeded',
    edits: [edit('follower/claim.ts', '  becomeClaimant(core, next.epoch, epochIdOf(next), forceToken);\n', '')],
    caughtBy: scenario('succession'),
  },
  {
    rule: 'R4',
    does: 'claims when it wakes from a stall, before the waiting beacons are handled',
    edits: [edit('follower/claim.ts', 'if (hasStalledLately(core)) return;', '')],
    caughtBy: scenario('succession'),
  },
  {
    rule: 'R4',
    does: 'claims without a connected session',
    edits: [
      edit(
        'follower/claim.ts',
        'if (!core.mayWriteState || core.foundHistory',
        'if (core.register.proposal !== undefined || core.foundHistory',
      ),
    ],
    caughtBy: scenario('lease'),
  },
  {
    rule: 'R4',
    does: 'claims again as soon as it has stepped down, before the others',
    edits: [
      edit('follower/succession.ts', 'self === state.primary ? others.length : others', 'self === state.primary ? 0 : others'),
      edit('follower/claim.ts', 'place === 0 ? loyalSinceMs : Math.max(loyalSinceMs, core.steppedDownMs)', 'loyalSinceMs'),
    ],
    caughtBy: scenario('succession'),
  },
  {
    rule: 'R4',
    does: 'claims again while its disk, for which it stepped down, is still overdue',
    edits: [edit('follower/claim.ts', 'if (core.durability.oldestStartedMs !== undefined) return;', '')],
    caughtBy: scenario('succession'),
  },
]);
