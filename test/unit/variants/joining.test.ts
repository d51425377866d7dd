/** Joining (R10), the primary's part: variants that break one sentence of the rule each. Snapshots have their own file. */
import { expect } from 'vitest';
import { describeVariants, runActions, scenario, schedules, script } from './variant.js';
import { edit, type Lab } from './variant-lab.js';

const requiredOrAdmitting = 'ids = [...ids, id];';

describeVariants('joining', [
  {
    rule: 'R10',
    does: 'cuts applied entries because the log of the primary differs',
    edits: [edit('follower/follower.ts', 'common === undefined || common < core.appliedSeq', 'common === undefined')],
    caughtBy: scenario('joining'),
  },
  {
    rule: 'R10',
    does: 'continues from the oldest retained entry although the logs diverge below it',
    edits: [edit('protocol/log-position.ts', '  return undefined;', '  return lowest;')],
    caughtBy: schedules(30),
  },
  {
    rule: 'R10',
    does: 'invites a member of the required set to take a snapshot',
    edits: [edit('primary/replicate.ts', 'if (core.register.required.includes(peer.id)) return;', '')],
    caughtBy: scenario('joining'),
  },
  {
    rule: 'R7, R10',
    does: 'proposes an addition without requiring the joiner until it is known to have succeeded',
    edits: [edit('state/state-register.ts', '[...new Set([...known, ...this.#proposal.next.inSync])].sort()', 'known')],
    caughtBy: scenario('joining'),
  },
  {
    rule: 'R10',
    does: 'proposes a joiner before commits wait for it',
    edits: [edit('primary/membership.ts', requiredOrAdmitting, 'ids = [...ids];')],
    caughtBy: scenario('joining'),
  },
  {
    rule: 'R10',
    does: 'proposes a joiner that lacks committed entries',
    edits: [edit('primary/membership.ts', 'peer.admitting && peer.ackedSeq >= core.commitIndex', 'peer.admitting')],
    caughtBy: scenario('joining'),
  },
  {
    rule: 'R10',
    does: 'proposes a joiner that has answered no beacon for a lease',
    edits: [
      edit(
        'primary/membership.ts',
        'grantsLease(peer, core.options.leaseMs, core.nowMs) && core.isCandidate(peer.id)',
        'core.isCandidate(peer.id)',
      ),
    ],
    caughtBy: script(checkSilentJoinerStaysOut),
  },
  {
    rule: 'R10',
    does: 'makes commits wait for a joiner that is far behind',
    edits: [edit('primary/membership.ts', ' || !peer.keepsUp', '')],
    caughtBy: scenario('joining'),
  },
  {
    rule: 'R10',
    does: 'proposes a joiner whose copy is incomplete',
    edits: [edit('primary/membership.ts', '!peer.complete || ', '')],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'concludes from an answer before its last Sync that a copy is complete',
    edits: [
      edit(
        'primary/replicate.ts',
        '    return;\n  }\n  peer.complete = answer.complete;',
        '  }\n  peer.complete = answer.complete;',
      ),
    ],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R10',
    does: 'takes the whole log instead of a snapshot although it has nothing',
    edits: [edit('follower/follower.ts', 'core.complete && !bringsNothing', 'core.complete')],
    caughtBy: scenario('joining'),
  },
]);

function checkSilentJoinerStaysOut({ Scenario }: Lab): void {
  const c = Scenario.of('a b');
  // b follows the log, and no beacon is answered.
  c.drop('beaconAnswer');
  // Not in one step: a primary that has stood still evicts nobody for silence (R7).
  for (let passedMs = 0; passedMs < 1100; passedMs += 100) {
    c.elapse(100);
    c.tick('a');
  }
  const before = c.cluster.ensemble.znodes.length;
  runActions(c, 300);
  // a considers b again.
  c.tick('a');
  runActions(c, 300);
  expect(c.cluster.ensemble.znodes.slice(before).map((znode) => znode?.state.inSync)).toEqual([['a~1']]);
}
