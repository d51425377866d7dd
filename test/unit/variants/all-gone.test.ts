/** All gone (R13): variants that break one sentence of the rule each. */
import { describeVariants, scenario } from './variant.js';
import { edit } from './variant-lab.js';

const proposedOrEnding = "role.handover?.stage === 'proposed' || role.ending";
const pastDeadline = 'if (core.nowMs >= core.stopping.deadlineMs) return exit(core, false);';

describeVariants('all gone', [
  {
    rule: 'R13',
    does: 'does not report that the shard is offline',
    edits: [edit('tick.ts', '  noteIfOffline(core);\n', '')],
    caughtBy: scenario('all-gone'),
  },
  {
    rule: 'R13',
    does: 'accepts the command while a member of the set is registered',
    edits: [edit('follower/claim.ts', 'if (live.length === 0 || isBelowKnownEpoch', 'if (live.length >= 0 || isBelowKnownEpoch')],
    caughtBy: scenario('all-gone'),
  },
  {
    rule: 'R13',
    does: 'does not raise the seq floor when it receives the command',
    edits: [edit('protocol/shard-state.ts', 'lastSeq + 1) + forcedSeqGap', 'lastSeq + 1)')],
    caughtBy: scenario('all-gone'),
  },
  {
    rule: 'R13',
    does: 'appends below the seq floor',
    edits: [edit('state/transitions.ts', 'if (core.log.lastSeq < seqFloor - 1) {', 'if (core.log.lastSeq < 0) {')],
    caughtBy: scenario('all-gone'),
  },
  {
    rule: 'R13',
    does: 'begins with a half-written snapshot when it receives the command',
    edits: [edit('state-changes.ts', '!core.complete && state.seqFloor > core.log.lastSeq + 1', 'core.log.lastSeq < 0')],
    caughtBy: scenario('all-gone'),
  },
  {
    rule: 'R13',
    does: 'ends the history without raising the seq floor',
    edits: [
      edit('protocol/shard-state.ts', 'const seqFloor = Math.max(state.seqFloor, lastSeq + 1);', 'const { seqFloor } = state;'),
    ],
    caughtBy: scenario('planned-end'),
  },
  {
    rule: 'R13',
    does: 'serves while the end of the history may still succeed',
    edits: [
      edit('primary/refusals.ts', proposedOrEnding, "role.handover?.stage === 'proposed'"),
      edit('primary/refusals.ts', 'role.handover !== undefined || role.ending', 'role.handover !== undefined'),
    ],
    caughtBy: scenario('planned-end'),
  },
  {
    rule: 'R13',
    does: 'ends the history although a replica is about to join',
    edits: [edit('primary/handover.ts', 'if (!someoneMayJoin) endHistory', 'endHistory')],
    caughtBy: scenario('planned-end'),
  },
  {
    rule: 'R13',
    does: 'ends the history when its deadline has passed',
    edits: [
      edit('primary/handover.ts', 'function endHistory', 'export function endHistory'),
      edit('leaving.ts', 'import { maybeHandOver, ', 'import { endHistory, maybeHandOver, '),
      edit(
        'leaving.ts',
        pastDeadline,
        `if (core.role.kind === 'primary' && core.nowMs >= core.stopping.deadlineMs) return endHistory(core, core.role);\n  ${pastDeadline}`,
      ),
    ],
    caughtBy: scenario('planned-end'),
  },
  {
    rule: 'R13',
    does: 'keeps its data when it begins after an ended history',
    edits: [
      edit(
        'state-changes.ts',
        "settled?.purpose === 'birth' ? !core.isNew || state.seqFloor > 1 :",
        "settled?.purpose === 'birth' ? false :",
      ),
    ],
    caughtBy: scenario('planned-end'),
  },
  {
    rule: 'R13',
    does: 'ends the history before its appended entries are committed',
    edits: [edit('primary/handover.ts', 'if (core.commitIndex < log.lastSeq && register', 'if (core.nowMs < 0 && register')],
    caughtBy: scenario('planned-end'),
  },
  {
    rule: 'R13',
    does: 'ends a history that lives on disk',
    edits: [edit('primary/handover.ts', 'if (!core.options.volatile) return drainAndExit(core, role);', '')],
    caughtBy: scenario('planned-end'),
  },
  {
    rule: 'R13',
    does: 'begins after an ended history without being the lowest candidate',
    edits: [
      edit(
        'follower/claim.ts',
        'isOlder(core, state) || firstInLine(placedCandidates(core)) !== core.self',
        'isOlder(core, state)',
      ),
    ],
    caughtBy: scenario('planned-end'),
  },
  {
    rule: 'R3, R4',
    does: 'claims on a state that is older than the epoch it knows',
    edits: [edit('follower/claim.ts', 'isOlder(core, state) || core.line === undefined', 'core.line === undefined')],
    caughtBy: scenario('lost-state'),
  },
  {
    rule: 'R13',
    does: 'refuses the command while members of a state that no replica follows are registered',
    edits: [edit('follower/claim.ts', ' || isBelowKnownEpoch(core)', '')],
    caughtBy: scenario('lost-state'),
  },
  {
    rule: 'R13',
    does: 'mistakes a lagging state for a lost one although the primary sends beacons',
    edits: [
      edit(
        'state/known-state.ts',
        "core.role.kind === 'follower' && core.nowMs - core.loyalSinceMs > core.options.graceMs",
        'true',
      ),
    ],
    caughtBy: scenario('lost-state'),
  },
  {
    rule: 'R13',
    does: 'accepts the command while the disk of the replica has not caught up',
    edits: [
      edit(
        'follower/claim.ts',
        "if (core.durability.oldestStartedMs !== undefined) return 'the disk",
        "if (core.stopped) return 'the disk",
      ),
    ],
    caughtBy: scenario('all-gone'),
  },
  {
    rule: 'R7, R13',
    does: 'begins empty after a rebirth that has failed',
    edits: [
      edit('state-changes.ts', 'takeUp(core, state, succeeded ? settled : undefined)', 'takeUp(core, state, settled)'),
      // It does not forget its attempt either when it learns of another epoch.
      edit(
        'state/state-register.ts',
        'if (proposal === undefined || epochIdOf(proposal.next) === id) return false;',
        'if (id) return false;',
      ),
    ],
    caughtBy: scenario('found-by-simulation'),
  },
  {
    rule: 'R13',
    does: 'skips no epochs although ZooKeeper has lost the state',
    edits: [edit('protocol/shard-state.ts', 'knownEpoch + lostStateGapOf(self)', 'knownEpoch + 1')],
    caughtBy: scenario('all-gone'),
  },
  {
    rule: 'R13',
    does: 'raises no floor although ZooKeeper has lost the state',
    edits: [
      edit('protocol/shard-state.ts', 'state === undefined ? epoch * forcedSeqGap : state.seqFloor', 'state?.seqFloor ?? 1'),
    ],
    caughtBy: scenario('all-gone'),
  },
  {
    rule: 'R13',
    does: 'drops its entries that are not applied when the floor is raised',
    edits: [edit('state/rebase.ts', 'const entries = unapplied.map', 'const entries = unapplied.slice(0, 0).map')],
    caughtBy: scenario('found-by-simulation'),
  },
  {
    rule: 'R13',
    does: 'does not retry when its end of the history has definitely failed',
    edits: [edit('state-changes.ts', "if (proposal.purpose === 'end') role.ending = false;", '')],
    caughtBy: scenario('planned-end'),
  },
]);
