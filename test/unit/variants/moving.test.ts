/** Copies that move (R15) with a sentence broken. */
import { describeVariants, scenario } from './variant.js';
import { edit } from './variant-lab.js';

const isCalm = 'isBackSoon(core, role) ? Math.min(2 * yielded.waitMs, mostTimesTheFirst * firstMs) : firstMs';

describeVariants('moving', [
  {
    rule: 'R15',
    does: 'takes members out before the full set is in sync elsewhere',
    edits: [edit('primary/membership.ts', '!role.serving || !isWhole(core, role)', '!role.serving')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'counts a member that is dead as the copy that allows another to go',
    edits: [edit('state/placed.ts', 'id === self || isAlive(core, role, id)', 'id !== undefined')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'gives up a copy while the set is not complete where the shard belongs',
    edits: [edit('follower/leaving.ts', 'return holdsAll(placed ?? [], state.inSync);', 'return true;')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'gives up a copy without asking the primary, whose set it may be in',
    edits: [
      edit(
        'follower/leaving.ts',
        'isNeedless(core) && (state === undefined || isEnded(state))',
        'isNeedless(core) || (state && isEnded(state))',
      ),
    ],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'lets go of one that it is about to take in, or has',
    edits: [
      edit(
        'primary/replicate.ts',
        'peer.leaving === true && !peer.admitting && !core.register.required.includes(peer.id)',
        'peer.leaving === true',
      ),
    ],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'goes by a leave that was granted before it took back that it wants to',
    edits: [edit('follower/leaving.ts', 'mayLeaveMs === 0 || mayLeaveMs <= core.stayedMs', 'mayLeaveMs === 0')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'takes a state that lags for the end of the history, and goes',
    edits: [edit('follower/leaving.ts', 'if (isOlder(core, state) || core.foundHistory !== undefined) return false;', '')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'hands over to one that is not in sync',
    edits: [
      edit('primary/handover.ts', 'core.register.confirmed.includes(replicaId) && peer?.phase', 'peer?.phase'),
      edit('primary/moving.ts', 'if (!isWhole(core, role)) return undefined;', ''),
    ],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'hands over before the full set is in sync elsewhere',
    edits: [edit('primary/moving.ts', 'if (!isWhole(core, role)) return undefined;', '')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'goes as primary without handing over, though that ends the history',
    edits: [
      edit('leaving.ts', 'import { exit }', 'import { exit, release }'),
      edit(
        'leaving.ts',
        "core.role.kind === 'primary') maybeHandOverToPlaced(core, core.role, core.placed);",
        "!core.placed.includes(core.self.split('~')[0]!)) release(core);",
      ),
    ],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'takes in whoever comes, wherever',
    edits: [edit('primary/membership.ts', '!isPlaced(core, peer.id) || peer.leaving', 'peer.leaving')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'gives a copy to whoever comes, wherever',
    edits: [edit('primary/replicate.ts', '!isPlaced(core, peer.id) || core.candidates', 'core.candidates')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'takes in one that wants to leave',
    edits: [edit('primary/membership.ts', ' || peer.leaving !== false', '')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'begins a history where the shard does not belong',
    edits: [edit('follower/claim.ts', 'core.candidates.filter(({ replicaId }) => isPlaced(core, replicaId))', 'core.candidates')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'takes a list that names nobody for a decision',
    edits: [edit('state/placed.ts', 'if (nodes.length === 0) return;', '')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'refuses writes, to hand over, while it cannot reach ZooKeeper',
    edits: [edit('primary/moving.ts', 'const mayPropose = core.mayWriteState;', 'const mayPropose = true;')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'refuses writes, to hand over, while a member does not answer',
    edits: [edit('primary/moving.ts', ' || !allAnswer', '')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'hands over to the preferred primary as soon as that is in sync',
    edits: [edit('primary/moving.ts', 'core.nowMs - role.preferred.sinceMs > waitMsOf(core, role) ?', 'core.nowMs > 0 ?')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'hands over, to go, what has just come back',
    edits: [edit('primary/moving.ts', 'isBackSoon(core, role) && core.nowMs', 'core.nowMs < 0 && core.nowMs')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'does not wait longer for a preferred primary that comes and goes',
    edits: [edit('primary/moving.ts', isCalm, 'firstMs')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'never hands over to the preferred primary',
    edits: [
      edit(
        'primary/moving.ts',
        'isPlaced(core, core.self) ? preferred(core, role, placed) : firstPlaced',
        'isPlaced(core, core.self) ? undefined : firstPlaced',
      ),
    ],
    caughtBy: scenario('moving'),
  },
]);
