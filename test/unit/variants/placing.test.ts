/**
 * Variants of the controller and of R15, caught by whole clusters from a seed whose nodes place shards by themselves.
 */
import { expect } from 'vitest';
import { describeVariants, placings, script } from './variant.js';
import { edit, type Lab } from './variant-lab.js';

const control = '../controller/control.ts';
const roster = '../controller/roster.ts';

/** Computes as if each shard were placed where another one is. */
const computeFromAnother = `
  const turned = previous && { ...previous, shards: previous.shards.toReversed() };
  return [{ kind: 'compute', previous: turned, nodes }];`;

describeVariants('placing', [
  {
    rule: 'controller',
    does: 'writes a result computed from an outdated placement',
    edits: [edit(control, 'computed.previous !== previous || ', '')],
    caughtBy: placings(60),
  },
  {
    rule: 'controller',
    does: 'replaces a node as soon as it is absent',
    edits: [edit(roster, 'const expiryMs = sinceMs + this.#replaceAfterMs;', 'const expiryMs = sinceMs;')],
    caughtBy: placings(60),
  },
  {
    rule: 'controller',
    does: 'replaces, when it starts, a node that was absent before',
    edits: [edit(roster, 'if (lastSeen === undefined) unknownIds.push(id);', 'if (lastSeen === undefined) continue;')],
    caughtBy: placings(200),
  },
  {
    rule: 'controller',
    does: 'moves copies that need not move',
    edits: [edit(control, "return [{ kind: 'compute', previous, nodes }];", computeFromAnother)],
    caughtBy: placings(60),
  },
  {
    rule: 'controller',
    does: 'places shards on a node that leaves',
    edits: [
      edit(roster, 'const counting = this.#live.filter(({ leaving }) => leaving !== true);', 'const counting = [...this.#live];'),
    ],
    caughtBy: script(checkLeavingNodeIsReplaced),
  },
  {
    rule: 'controller',
    does: 'does not repeat a write whose outcome is unknown',
    edits: [edit(control, "return [{ kind: 'refresh' }, { kind: 'wake', afterMs: retryMs }];", 'return [];')],
    caughtBy: script(checkFailedWriteIsRepeated),
  },
  {
    rule: 'controller',
    does: 'counts the time while ZooKeeper was away as absence',
    edits: [edit(control, 'this.#roster.forgetAbsences();', '')],
    caughtBy: script(checkAbsenceWithoutSessionDoesNotCount),
  },
  {
    rule: 'controller',
    does: 'never replaces a node',
    edits: [edit(roster, 'expiryMs <= nowMs || ', '')],
    caughtBy: script(checkAbsentNodeIsReplaced),
  },
  {
    rule: 'controller',
    does: 'writes nothing although ZooKeeper has lost the placement',
    edits: [edit(control, 'expectedVersion !== undefined && next === previous', 'next === previous')],
    caughtBy: placings(60),
  },
  {
    rule: 'R15',
    does: 'releases its copy before each placed node has a member in sync',
    edits: [edit('follower/departure.ts', 'return holdsAll(placed ?? [], state.inSync);', 'return true;')],
    caughtBy: placings(60),
  },
  {
    rule: 'R15',
    does: 'hands over before each placed node has a member in sync',
    edits: [edit('primary/moving.ts', 'if (!isWhole(core, role)) return undefined;', '')],
    caughtBy: placings(60),
  },
  {
    rule: 'R15',
    does: 'adds joiners on nodes that are not placed',
    edits: [edit('primary/membership.ts', '!isPlaced(core, peer.id) || peer.leaving', 'peer.leaving')],
    caughtBy: placings(60),
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
    caughtBy: placings(60),
  },
]);

const replaceAfterMs = 1000;
const onBoth = { version: 7, placement: { version: 1, shards: [['a', 'b']] } };

function nodes(...ids: string[]) {
  return ids.map((nodeId) => ({ nodeId, address: nodeId }));
}

/** The events at a, the controller, while a and b hold everything. */
function settled({ Control }: Lab): InstanceType<Lab['Control']> {
  const control = new Control('a', replaceAfterMs, true);
  control.onPlacement(onBoth, 0);
  control.onNodes(nodes('a', 'b'), 0);
  control.onComputed(onBoth.placement, 0);
  return control;
}

const withoutB = { kind: 'compute', nodes: [{ id: 'a' }] };

function checkLeavingNodeIsReplaced(lab: Lab): void {
  const [a, b] = nodes('a', 'b');
  expect(settled(lab).onNodes([a!, { ...b!, leaving: true }], 1)).toMatchObject([withoutB]);
}

function checkAbsentNodeIsReplaced(lab: Lab): void {
  const control = settled(lab);
  control.onNodes(nodes('a'), 0);
  expect(control.onTime(replaceAfterMs)).toMatchObject([withoutB]);
}

function checkAbsenceWithoutSessionDoesNotCount(lab: Lab): void {
  const control = settled(lab);
  control.onNodes(nodes('a'), 0);
  control.onSession(false, 1);
  control.onSession(true, 2 * replaceAfterMs);
  expect(control.onNodes(nodes('a'), 2 * replaceAfterMs)).toMatchObject([{ kind: 'wake', afterMs: replaceAfterMs }]);
}

function checkFailedWriteIsRepeated(lab: Lab): void {
  const control = settled(lab);
  const next = { version: 2, shards: [['b', 'a']] };
  control.onNodes(nodes('a', 'b', 'c'), 1);
  control.onComputed(next, 2);
  const wake = control.onWritten({ kind: 'notSent' }, 3).find((task) => task.kind === 'wake');
  expect(wake).toBeDefined();
  expect(control.onTime(3 + wake!.afterMs)).toEqual([{ kind: 'write', expectedVersion: 7, next }]);
}
