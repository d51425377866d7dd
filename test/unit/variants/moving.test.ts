/** Copies that move (R15): variants that break one sentence of the rule each. */
import { describeVariants, scenario } from './variant.js';
import { edit } from './variant-lab.js';

const isCalm = 'isBackSoon(core, role) ? Math.min(2 * yielded.waitMs, mostTimesTheFirst * firstMs) : firstMs';

describeVariants('moving', [
  {
    rule: 'R15',
    does: 'evicts members before each placed node has a member in sync',
    edits: [edit('primary/membership.ts', '!role.serving || !isWhole(core, role, evicted)', '!role.serving')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'counts a dead member as the copy that allows another to leave',
    edits: [edit('state/placed.ts', 'id === self || isAlive(core, role, id)', 'id !== undefined')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'counts a member that the same proposal evicts as the copy that allows another to leave',
    edits: [edit('primary/membership.ts', 'isWhole(core, role, evicted)', 'isWhole(core, role)')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'releases its copy before each placed node has a member in sync',
    edits: [edit('follower/departure.ts', 'return holdsAll(placed ?? [], state.inSync);', 'return true;')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'releases its copy without the permission of the primary, whose set may contain it',
    edits: [
      edit(
        'follower/departure.ts',
        'isNeedless(core) && (state === undefined || isEnded(state))',
        'isNeedless(core) || (state && isEnded(state))',
      ),
    ],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'permits a replica to leave that it is about to add, or has added',
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
    does: 'uses a permission to leave after it has withdrawn its request',
    edits: [edit('follower/departure.ts', 'mayLeaveMs === 0 || mayLeaveMs <= core.stayedMs', 'mayLeaveMs === 0')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'leaves because a lagging state shows an ended history',
    edits: [edit('follower/departure.ts', 'if (isOlder(core, state) || core.foundHistory !== undefined) return false;', '')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'hands over to a replica that is not in sync',
    edits: [
      edit('primary/handover.ts', 'core.register.confirmed.includes(replicaId) && peer?.phase', 'peer?.phase'),
      edit('primary/moving.ts', 'if (!isWhole(core, role)) return undefined;', ''),
    ],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'hands over before each placed node has a member in sync',
    edits: [edit('primary/moving.ts', 'if (!isWhole(core, role)) return undefined;', '')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'leaves as primary without handing over',
    edits: [
      edit('leaving.ts', 'import { exit }', 'import { exit, release }'),
      edit(
        'leaving.ts',
        "role.kind === 'primary') maybeHandOverToPlaced(core, role, placed);",
        "role.kind === 'primary' && placed !== undefined && !placed.includes(core.self.split('~')[0]!)) release(core);",
      ),
    ],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'adds joiners on nodes that are not placed',
    edits: [edit('primary/membership.ts', '!isPlaced(core, peer.id) || peer.leaving', 'peer.leaving')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'invites joiners on nodes that are not placed',
    edits: [edit('primary/replicate.ts', '!isPlaced(core, peer.id) || core.candidates', 'core.candidates')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'adds a replica that wants to leave',
    edits: [edit('primary/membership.ts', ' || peer.leaving !== false', '')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'begins a history on a node where the shard does not belong',
    edits: [edit('follower/claim.ts', 'core.candidates.filter(({ replicaId }) => isPlaced(core, replicaId))', 'core.candidates')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'mistakes an empty placement for a decision',
    edits: [edit('state/placed.ts', 'if (nodes.length === 0) return;', '')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'drains for a handover while it cannot reach ZooKeeper',
    edits: [edit('primary/handover.ts', 'return core.mayWriteState && core.register', 'return core.register')],
    caughtBy: scenario('moving'),
  },
  {
    rule: 'R15',
    does: 'drains for a handover while a member does not answer',
    edits: [edit('primary/handover.ts', 'id === core.self || isAlive(core, role, id)', 'id !== undefined')],
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
    does: 'hands over at once a shard that has just returned',
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
