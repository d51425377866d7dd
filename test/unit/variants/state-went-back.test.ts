/** A `state` that went back (R7, R13): variants that break one sentence of the rule each. */
import { describeHarmless, describeVariants, scenario, schedules } from './variant.js';
import { edit } from './variant-lab.js';

const isProven = "order === 'contradicts' && asOfMs > this.#known!.sinceMs";
const followsRemovals = ' && (same === endOf(later) || removalsOf(same) >= removalsOf(endOf(earlier)))';
const readsFirst = "if (!this.isFresh || (this.#readMs ?? 0) <= proposal.unknownMs) return 'read';";

describeVariants('a state that went back', [
  {
    rule: 'R7',
    does: 'concludes from a server that may lag that ZooKeeper has lost data',
    edits: [edit('state/state-register.ts', isProven, "order === 'contradicts'")],
    caughtBy: scenario('proof'),
  },
  {
    rule: 'R7',
    does: 'concludes a loss because the connection was up to date once',
    edits: [edit('state/state-register.ts', isProven, "order === 'contradicts' && asOfMs >= 0")],
    caughtBy: scenario('proof'),
  },
  {
    rule: 'R7',
    does: 'never concludes that ZooKeeper has lost data',
    edits: [edit('state/state-register.ts', isProven, "order === 'contradicts' && asOfMs > Number.POSITIVE_INFINITY")],
    caughtBy: scenario('state-went-back'),
  },
  {
    rule: 'R7',
    does: 'evicts the members that were silent while it stood still itself',
    edits: [edit('primary/membership.ts', 'const isPatient = hasStalledLately(core);', 'const isPatient = false;')],
    caughtBy: scenario('state-went-back'),
  },
  {
    rule: 'R7',
    does: 'requests no proof of a loss',
    edits: [edit('tick.ts', '  settleContradiction(core);\n', '')],
    caughtBy: scenario('proof'),
  },
  {
    rule: 'R7',
    does: 'requests a reading that may lag, too',
    edits: [
      edit(
        'tick.ts',
        "core.emit({ type: 'refreshState', afterWrite: true });",
        "core.emit({ type: 'refreshState', afterWrite: false });",
      ),
    ],
    caughtBy: scenario('proof'),
  },
  {
    rule: 'R7',
    does: 'proposes while its readings are older than the known state',
    edits: [
      edit(
        'state/state-register.ts',
        'return this.#readMs !== undefined && this.#contradictedMs === undefined;',
        'return this.#readMs !== undefined;',
      ),
    ],
    caughtBy: scenario('proof'),
  },
  {
    rule: 'R7',
    does: 'repeats a proposal before it has read the present state',
    edits: [edit('state/state-register.ts', readsFirst, '')],
    caughtBy: scenario('proof'),
  },
  {
    rule: 'R7',
    does: 'repeats a proposal of an epoch that is over',
    edits: [
      edit('state/transitions.ts', 'const wasSuperseded = core.register.supersede(mark.id);', 'const wasSuperseded = false;'),
    ],
    caughtBy: scenario('proof'),
  },
  {
    rule: 'R7',
    does: 'keeps a proposal although ZooKeeper has lost the state it was based on',
    edits: [
      edit(
        'state/state-register.ts',
        'return { settled: this.#takeProposal(), lost };',
        'return { settled: lost === undefined ? this.#takeProposal() : undefined, lost };',
      ),
    ],
    caughtBy: scenario('state-went-back'),
  },
  {
    rule: 'R7, R13',
    does: 'keeps serving although state went back to an older epoch',
    edits: [edit('state-changes.ts', 'if (lost !== undefined && !isServedHere(core, state)) stepDown(core);', '')],
    caughtBy: scenario('state-went-back'),
  },
  {
    rule: 'R7',
    does: 'stops serving although the state that went back is of its own epoch',
    edits: [
      edit(
        'state-changes.ts',
        'if (lost !== undefined && !isServedHere(core, state)) stepDown(core);',
        'if (lost !== undefined) stepDown(core);',
      ),
    ],
    caughtBy: scenario('state-went-back'),
  },
  {
    rule: 'R7',
    does: 'follows a line that began before a removal that it knows',
    edits: [edit('protocol/lineage.ts', followsRemovals, '')],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7',
    does: 'follows such a line, as random schedules have it',
    edits: [edit('protocol/lineage.ts', followsRemovals, '')],
    caughtBy: schedules(150),
  },
  {
    rule: 'R7',
    does: 'mistakes a state for the one that had the same version before ZooKeeper went back',
    edits: [
      edit('state/state-register.ts', "if (hasSeenFewerRemovals(known.state, state)) return 'later';", ''),
      edit('state/state-register.ts', "if (hasSeenFewerRemovals(state, known.state)) return 'contradicts';", ''),
    ],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7',
    does: 'counts no removals',
    edits: [edit('primary/membership.ts', 'isBehind ? isPutRight : removed.length > 0', 'isPutRight')],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7',
    does: 'does not remember a removal that state shows',
    edits: [edit('state-changes.ts', '  core.noteRemovals(state);\n', '')],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7',
    does: 'claims from a state that has forgotten a removal that it knows',
    edits: [
      edit(
        'state/known-state.ts',
        ' || (line !== undefined && hasSeenFewerRemovals(state, line))',
        ' || (line === undefined && epoch < 0)',
      ),
    ],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7',
    does: 'claims from a state that has forgotten a removal in an epoch of which it holds no data',
    edits: [edit('state/known-state.ts', 'removalsOf(end) < epochRemovals', 'removalsOf(end) < epochRemovals - epochRemovals')],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7',
    does: 'keeps counting removals although a member that returned with an older state may lack entries',
    edits: [edit('primary/membership.ts', 'removals.push(...lacking(core, role, removals))', 'lacking(core, role, removals)')],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7',
    does: 'forgets a removal whose answer was lost with the state',
    edits: [
      edit('state-changes.ts', '  if (lost !== undefined && settled !== undefined) core.noteRemovals(settled.next);\n', ''),
    ],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7',
    does: 'lets its peers follow the line as it was when its epoch began',
    edits: [edit('state/core.ts', 'hasSeenFewerRemovals({ lineage }, known)', 'hasSeenFewerRemovals(known, { lineage })')],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R13',
    does: 'gives up a whole epoch for one of two lines that diverge within it',
    edits: [
      edit('protocol/lineage.ts', 'givenUp.includes(mark.id) || givenUp.includes(markIdOf(mark))', 'givenUp.includes(mark.id)'),
    ],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R1, R13',
    does: 'stays loyal to the primary of another line of its history',
    edits: [
      edit(
        'receive.ts',
        'message.epochId === endOf(foundHistory).id) return true;',
        'message.epochId === endOf(foundHistory).id) return false;',
      ),
    ],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R1',
    does: 'refuses the other line under its own epoch, so that the primary ignores it as old',
    edits: [
      edit(
        'state-changes.ts',
        '  if (state.history === core.history && state.epoch > core.epoch) adoptEpoch(core, state.history, endOf(state));\n',
        '',
      ),
    ],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7',
    does: 'relies on a removal before the other members know of it',
    edits: [
      edit('primary/commit.ts', 'peer !== undefined && knowsRemovals(core, peer) ? peer.ackedSeq : 0', 'peer?.ackedSeq ?? 0'),
    ],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7',
    does: 'never reports a removal to the other members, and waits until they know it',
    edits: [edit('primary/replicate.ts', ' || mustLearnRemovals(core, peer)', '')],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7, R10',
    does: 'voids a snapshot to report a removal to the joiner',
    edits: [edit('primary/replicate.ts', 'return peer.retainFromSeq === undefined && !knowsRemovals', 'return !knowsRemovals')],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7, R10',
    does: 'takes in a joiner that does not know of a removal',
    edits: [edit('primary/membership.ts', ' || !peer.keepsUp || !knowsRemovals(core, peer)', ' || !peer.keepsUp')],
    caughtBy: scenario('removal-forgotten'),
  },
  {
    rule: 'R7',
    does: 'evicts as lacking entries a member to which it has just reported a removal',
    edits: [edit('primary/replicate.ts', "peer.complete &&= peer.phase === 'replicating';", 'peer.complete = false;')],
    caughtBy: scenario('state-went-back'),
  },
  {
    rule: 'R10',
    does: 'takes a backup that needs a snapshot for complete, because it was before',
    edits: [
      edit(
        'primary/replicate.ts',
        '    peer.complete = false;\n    peer.retainFromSeq = undefined;\n',
        '    peer.retainFromSeq = undefined;\n',
      ),
    ],
    caughtBy: scenario('snapshot'),
  },
  {
    rule: 'R5',
    does: 'accepts an append without comparing the id of the epoch before it',
    edits: [
      edit(
        'follower/follower.ts',
        'append.prevSeq < stream.verifiedSeq || append.prevEpochId === core.log.lastEpochId',
        'append.prevSeq <= stream.verifiedSeq',
      ),
    ],
    caughtBy: scenario('takeover'),
  },
]);

describeHarmless([
  {
    rule: 'R5',
    does: 'compares logs by the numbers of their epochs alone',
    edits: [
      edit(
        'protocol/log-position.ts',
        'return one.epoch === other.epoch && one.id === other.id;',
        'return one.epoch === other.epoch;',
      ),
    ],
    because: 'Sync refuses every line but its own (R1), and within one line an epoch has one id',
  },
  {
    rule: 'R1',
    does: 'does not step down although state is of another line than its data',
    edits: [edit('state-changes.ts', '  core.foundHistory = state;\n  stepDown(core);', '  core.foundHistory = state;')],
    because: 'a primary accepts such a state only if it gives that line up or proves a loss, and it steps down for each',
  },
  {
    rule: 'R4',
    does: 'claims although state does not continue the line of its data',
    edits: [edit('follower/claim.ts', 'core.line === undefined || !continues(state, core.line)', 'core.line === undefined')],
    because: 'such a state is of a lower epoch or another history, and no replica claims from either',
  },
]);
