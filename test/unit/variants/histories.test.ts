/** Histories (R1, R3, R13): variants that break one sentence of the rule each. */
import { describeVariants, scenario } from './variant.js';
import { edit } from './variant-lab.js';

const isLaterByState = "isLater(known.state, state) ? 'later' : 'contradicts'";
const foundOther = 'if (line !== undefined && foundHistory !== undefined && !isGivenUp(foundHistory, givesUp)) {';

describeVariants('histories', [
  {
    rule: 'R3',
    does: 'gives birth although a candidate names a history',
    edits: [edit('follower/claim.ts', ' || historiesOfOthers(core).length > 0;', ';')],
    caughtBy: scenario('no-second-birth'),
  },
  {
    rule: 'R3, R12',
    does: 'leaves although its proposed history may have begun',
    edits: [edit('follower/departure.ts', '!core.isNew || core.mayHaveBegun', '!core.isNew')],
    caughtBy: scenario('no-second-birth'),
  },
  {
    rule: 'R3',
    does: 'gives birth although a candidate that is not placed names a history',
    edits: [
      edit(
        'follower/claim.ts',
        'return candidates.flatMap(({ history }) =>',
        'return candidates.slice(-1).flatMap(({ history }) =>',
      ),
    ],
    caughtBy: scenario('no-second-birth'),
  },
  {
    rule: 'R3, R13',
    does: 'gives birth in a cluster that was restored',
    edits: [edit('follower/claim.ts', 'return core.register.isRestored || historiesOfOthers', 'return historiesOfOthers')],
    caughtBy: scenario('no-second-birth'),
  },
  {
    rule: 'R3, R13',
    does: 'does not report offline while an empty replica waits for the holders of a history',
    edits: [edit('offline.ts', '|| core.candidates.some(({ history }) => history !== undefined)', '')],
    caughtBy: scenario('no-second-birth'),
  },
  {
    rule: 'R3',
    does: 'names no history once its snapshot is complete',
    edits: [
      edit('follower/follower.ts', 'core.setLine(lineOf(core, role.lineage));\n  core.completingWrite', 'core.completingWrite'),
    ],
    caughtBy: scenario('no-second-birth'),
  },
  {
    rule: 'R3',
    does: 'still names a history while it takes a new copy',
    edits: [edit('state/core.ts', "if (this.line !== undefined) this.emit({ type: 'holds', history: undefined });", '')],
    caughtBy: scenario('no-second-birth'),
  },
  {
    rule: 'R13',
    does: 'accepts the command at an empty replica although a holder of data is registered',
    edits: [edit('follower/claim.ts', 'if (others.length === 0) return undefined;', 'if (others.length >= 0) return undefined;')],
    caughtBy: scenario('no-second-birth'),
  },
  {
    rule: 'R13',
    does: 'begins another history by command after a state that went back, although its history is held',
    edits: [
      edit('follower/claim.ts', 'state === undefined || (line === undefined && isBeside(core, state))', 'state === undefined'),
    ],
    caughtBy: scenario('state-went-back'),
  },
  {
    rule: 'R1',
    does: 'discards data of another history that was not given up',
    edits: [
      edit(
        'state-changes.ts',
        'if (line === undefined || !isGivenUp(line, state.givenUp)) return false;',
        'if (line === undefined) return false;',
      ),
    ],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R13',
    does: 'keeps data that the operator has given up',
    edits: [
      edit(
        'state-changes.ts',
        'if (line === undefined || !isGivenUp(line, state.givenUp)) return false;',
        'if (line === undefined || core.nowMs >= 0) return false;',
      ),
    ],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R13',
    does: 'recognises given-up data by the id of its history only',
    edits: [
      edit(
        'protocol/lineage.ts',
        '|| lineage.some((mark) => givenUp.includes(mark.id) || givenUp.includes(markIdOf(mark)))',
        '|| lineage.length === 0',
      ),
    ],
    caughtBy: scenario('two-epochs-of-one-number'),
  },
  {
    rule: 'R1',
    does: 'keeps its line when it discards its copy',
    edits: [edit('state/core.ts', '    this.line = undefined;\n    this.complete = complete;', '    this.complete = complete;')],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R1',
    does: 'does not compare the lineage at Sync',
    edits: [
      edit(
        'follower/follower.ts',
        'if (core.line !== undefined && !continues(lineOf(core, sync.lineage), core.line)) return refuseOther(core, from);',
        '',
      ),
    ],
    caughtBy: scenario('two-epochs-of-one-number'),
  },
  {
    rule: 'R1',
    does: 'accepts a message of another history',
    edits: [edit('receive.ts', 'message.history !== history || (message', '(message')],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R1',
    does: 'accepts a message of another epoch of the same number',
    edits: [
      edit(
        'receive.ts',
        'return message.history !== history || (message.epoch === epoch && message.epochId !== epochId);',
        'return message.history !== history;',
      ),
    ],
    caughtBy: scenario('two-epochs-of-one-number'),
  },
  {
    rule: 'R1',
    does: 'mistakes two epochs of one number for the same',
    edits: [edit('protocol/lineage.ts', 'return same.id === id && (same', 'return id !== undefined && (same')],
    caughtBy: scenario('two-epochs-of-one-number'),
  },
  {
    rule: 'R1, R8',
    does: 'follows no other epoch of the number that it knows',
    edits: [edit('state/transitions.ts', '&& epoch >= core.epoch)', '&& epoch > core.epoch)')],
    caughtBy: scenario('two-epochs-of-one-number'),
  },
  {
    rule: 'R13',
    does: 'does not report offline although state is of another history than its data',
    edits: [edit('offline.ts', 'core.foundHistory !== undefined || isBelowKnownEpoch(core)', 'isBelowKnownEpoch(core)')],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R13',
    does: 'begins after the end of another history although it holds data',
    edits: [edit('follower/claim.ts', '!core.mayWriteState || core.foundHistory !== undefined', '!core.mayWriteState')],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R15',
    does: 'releases its copy after a move although its history is not the one that has ended',
    edits: [
      edit(
        'follower/departure.ts',
        'isOlder(core, state) || core.foundHistory !== undefined) return false',
        'isOlder(core, state)) return false',
      ),
    ],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R12, R13',
    does: 'stops as if its copy were not needed, although that is of another history',
    edits: [
      edit(
        'follower/departure.ts',
        'isOlder(core, state) || core.foundHistory !== undefined) return true',
        'isOlder(core, state)) return true',
      ),
    ],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R12, R13',
    does: 'stops as if its copy were not needed, although state went back',
    edits: [
      edit(
        'follower/departure.ts',
        'isOlder(core, state) || core.foundHistory !== undefined) return true',
        'core.foundHistory !== undefined) return true',
      ),
    ],
    caughtBy: scenario('state-went-back'),
  },
  {
    rule: 'R13',
    does: 'chooses one of two histories although the command names none',
    edits: [edit('follower/claim.ts', foundOther, foundOther.replace('!isGivenUp(foundHistory, givesUp)', 'core.stopped'))],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R13',
    does: 'remembers another history although ZooKeeper has lost that, too',
    edits: [edit('state-changes.ts', '    core.foundHistory = undefined;\n    if (settled', '    if (settled')],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R1',
    does: 'reports again and again that a peer holds another history',
    edits: [edit('primary/replicate.ts', 'if (!peer.hasOtherHistory) core.note', 'core.note')],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R13',
    does: 'sends no further Sync to a peer that held another history',
    edits: [edit('primary/replicate.ts', 'return phaseMs > leaseMs;', 'return -phaseMs > leaseMs;')],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R1, R13',
    does: 'serves its data under the history of an older state that names it',
    edits: [
      edit(
        'state-changes.ts',
        '!continues(state, line) && !continues(line, state);',
        '!continues(state, line) && !continues(line, state) && core.self !== state.primary;',
      ),
      edit(
        'state-changes.ts',
        'isOther({ line }: Core, state: ShardState): boolean {',
        'isOther(core: Core, state: ShardState): boolean {\n  const { line } = core;',
      ),
      edit('state-changes.ts', 'return succeeded || core.history === undefined;', 'return true;'),
    ],
    caughtBy: scenario('named-by-an-older-state'),
  },
  {
    rule: 'R1, R13',
    does: 'begins empty under the history of an older state that names it',
    edits: [edit('state-changes.ts', 'return succeeded || core.history === undefined;', 'return true;')],
    caughtBy: scenario('named-by-an-older-state'),
  },
  {
    rule: 'R8, R13',
    does: 'persists the line after the epoch',
    edits: [
      edit(
        'state/transitions.ts',
        '  core.setLine({ history, lineage });\n  core.setEpoch(history, mark);',
        '  core.setEpoch(history, mark);\n  core.setLine({ history, lineage });',
      ),
    ],
    caughtBy: scenario('crash-in-takeover'),
  },
  {
    rule: 'R13',
    does: 'gives the continued history another id',
    edits: [edit('follower/claim.ts', 'line: line ?? {', 'line: {')],
    caughtBy: scenario('no-second-birth'),
  },
  {
    rule: 'R7',
    does: 'accepts any state, since versions of other epochs are not comparable',
    edits: [edit('state/state-register.ts', isLaterByState, "'later'")],
    caughtBy: scenario('proof'),
  },
  {
    rule: 'R13',
    does: 'accepts the command while a primary sends beacons',
    edits: [edit('follower/claim.ts', 'return reasonOfPrimary(core) ?? reasonOfHistories', 'return reasonOfHistories')],
    caughtBy: scenario('lost-state'),
  },
  {
    rule: 'R1, R8',
    does: 'restarts in the history that it had left before the crash',
    edits: [
      edit(
        'state/recovery.ts',
        'const isNewer = line !== undefined && (',
        'const isNewer = line !== undefined && epoch < 0 && (',
      ),
    ],
    caughtBy: scenario('crash-in-takeover'),
  },
  {
    rule: 'R13',
    does: 'does not report offline although it is the only member and holds nothing of that history',
    edits: [edit('state/known-state.ts', 'if (id === self) return line !== undefined &&', 'if (id === self) return')],
    caughtBy: scenario('crash-in-takeover'),
  },
  {
    rule: 'R3, R7',
    does: 'repeats a birth although holders of a history have returned, or the cluster was restored',
    edits: [edit('tick.ts', '  maybeWithdrawBirth(core);\n', '')],
    caughtBy: scenario('no-second-birth'),
  },
  {
    rule: 'R12, R13',
    does: 'stops before the ids to give up are in state',
    edits: [
      edit(
        'primary/handover.ts',
        'core.register.required.length > 1 || core.register.proposal !== undefined',
        'core.register.required.length > 1',
      ),
    ],
    caughtBy: scenario('histories'),
  },
  {
    rule: 'R13',
    does: 'assumes that a registered member holds a copy',
    edits: [edit('state/known-state.ts', 'replicaId === id && history !== undefined', 'replicaId === id || history === id')],
    caughtBy: scenario('named-by-an-older-state'),
  },
  {
    rule: 'R4',
    does: 'claims with a half-written copy',
    edits: [edit('follower/claim.ts', 'core.line === undefined || !continues', 'core.line !== undefined && !continues')],
    caughtBy: scenario('named-by-an-older-state'),
  },
]);
