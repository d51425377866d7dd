import { describe, expect, it } from 'vitest';
import type { NodeRegistration } from '../coordination/index.js';
import type { Placement } from '../placement/index.js';
import { Control } from './control.js';

function nodes(...ids: string[]): NodeRegistration[] {
  return ids.map((nodeId) => ({ nodeId, address: `${nodeId}:1` }));
}
const onA: Placement = { version: 1, shards: [['a']] };
const onBoth: Placement = { version: 2, shards: [['a', 'b']] };

function connected(): Control {
  const control = new Control('a', 1_000, true);
  control.onNodes(nodes('a'), 0);
  return control;
}

describe('control', () => {
  it('computes once for the same nodes and placement, even if they are reported repeatedly', () => {
    const control = connected();
    expect(control.onPlacement(undefined, 0)).toMatchObject([{ kind: 'compute', previous: undefined }]);
    expect(control.onNodes(nodes('a'), 1)).toEqual([]);
    expect(control.onComputed(onA, 2)).toEqual([{ kind: 'write', expectedVersion: undefined, next: onA }]);
    expect(control.onNodes(nodes('a'), 3)).toEqual([]);
    expect(control.onWritten({ kind: 'applied', version: 0 }, 4)).toMatchObject([{ kind: 'compute', previous: onA }]);
    expect(control.onComputed(onA, 5)).toEqual([]);
    expect(control.onNodes(nodes('a'), 6)).toEqual([]);
  });

  it('does not write a result computed from outdated nodes or placement, but computes anew', () => {
    const control = connected();
    control.onPlacement({ version: 0, placement: onA }, 0);
    control.onComputed(onA, 1);
    expect(control.onNodes(nodes('a', 'b'), 2)).toMatchObject([{ kind: 'compute', previous: onA }]);
    control.onPlacement({ version: 1, placement: onBoth }, 3);
    expect(control.onComputed({ version: 2, shards: [['b', 'a']] }, 4)).toMatchObject([{ kind: 'compute', previous: onBoth }]);
    expect(control.onComputed(onBoth, 5)).toEqual([]);
  });

  it('does not write a result that arrives when it is no longer controller, or is cut off', () => {
    const control = connected();
    control.onPlacement(undefined, 0);
    control.onSession(false, 1);
    expect(control.onComputed(onA, 2)).toEqual([]);
    control.onSession(true, 3);
    expect(control.onNodes(nodes('b', 'a'), 4)).toEqual([]);
    expect(control.isController).toBe(false);
  });

  it('reads again after a write with unknown outcome, and repeats the write after a while', () => {
    const control = connected();
    control.onPlacement(undefined, 0);
    control.onComputed(onA, 0);
    const tasks = control.onWritten({ kind: 'unknown' }, 10);
    expect(tasks).toEqual([{ kind: 'refresh' }, { kind: 'wake', afterMs: 1_000 }]);
    expect(control.onTime(1_010)).toEqual([{ kind: 'write', expectedVersion: undefined, next: onA }]);
  });
});

describe('the first placement of a new cluster', () => {
  const wait = { quietMs: 1_000, mostMs: 3_000 };

  function fresh(...ids: string[]): Control {
    const control = new Control('a', 60_000, true, wait);
    control.onPlacement(undefined, 0);
    const isController = ids[0] === 'a';
    expect(control.onNodes(nodes(...ids), 100)).toEqual(isController ? [{ kind: 'wake', afterMs: 1_000 }] : []);
    return control;
  }

  it('waits until no node has registered for a second, and includes all that have', () => {
    const control = fresh('a');
    expect(control.onNodes(nodes('a', 'b'), 900)).toEqual([{ kind: 'wake', afterMs: 1_000 }]);
    expect(control.onNodes(nodes('a', 'b'), 1_500)).toEqual([{ kind: 'wake', afterMs: 400 }]);
    expect(control.onTime(1_899)).toEqual([{ kind: 'wake', afterMs: 1 }]);
    expect(control.onTime(1_900)).toMatchObject([{ kind: 'compute', previous: undefined, nodes: [{ id: 'a' }, { id: 'b' }] }]);
  });

  it('waits at most three seconds, even if more nodes register', () => {
    const control = fresh('a');
    for (let joined = 1; joined < 5; joined++) control.onNodes(nodes('a', ...'bcdef'.slice(0, joined)), 100 + 700 * joined);
    expect(control.onTime(3_099)).toEqual([{ kind: 'wake', afterMs: 1 }]);
    expect(control.onTime(3_100)).toMatchObject([{ kind: 'compute' }]);
  });

  it('includes a node that registers while it is computed; later nodes get their share at once', () => {
    const control = fresh('a');
    control.onTime(1_100);
    expect(control.onNodes(nodes('a', 'b'), 1_150)).toEqual([{ kind: 'wake', afterMs: 1_000 }]);
    expect(control.onComputed(onA, 1_200)).toEqual([{ kind: 'wake', afterMs: 950 }]);
    expect(control.onTime(2_150)).toMatchObject([{ kind: 'compute', nodes: [{ id: 'a' }, { id: 'b' }] }]);
    control.onComputed(onBoth, 2_200);
    control.onWritten({ kind: 'applied', version: 0 }, 2_300);
    expect(control.onComputed(onBoth, 2_400)).toEqual([]);
    expect(control.onNodes(nodes('a', 'b', 'c'), 2_500)).toMatchObject([{ kind: 'compute', previous: onBoth }]);
  });

  it('waits from the registrations that a new controller has seen itself; a lost session does not restart the wait', () => {
    const control = fresh('b', 'a');
    expect(control.onNodes(nodes('a'), 1_200)).toMatchObject([{ kind: 'compute' }]);
    const cutOff = fresh('a');
    cutOff.onSession(false, 500);
    cutOff.onSession(true, 3_050);
    expect(cutOff.onNodes(nodes('a'), 3_050)).toEqual([{ kind: 'wake', afterMs: 50 }]);
  });

  it('does not wait if a placement is known, or was known before ZooKeeper lost it', () => {
    const control = new Control('a', 60_000, true, wait);
    control.onPlacement({ version: 4, placement: onA }, 0);
    expect(control.onNodes(nodes('a', 'b'), 1)).toMatchObject([{ kind: 'compute', previous: onA }]);
    control.onComputed(onBoth, 2);
    expect(control.onPlacement(undefined, 3)).toMatchObject([]);
    const again = new Control('a', 60_000, true, wait);
    again.onPlacement({ version: 4, placement: onA }, 0);
    again.onPlacement(undefined, 1);
    expect(again.onNodes(nodes('a'), 2)).toMatchObject([{ kind: 'compute', previous: onA }]);
  });
});
