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
  it('computes once for what it knows, however often it hears that again', () => {
    const control = connected();
    expect(control.onPlacement(undefined, 0)).toMatchObject([{ kind: 'compute', previous: undefined }]);
    expect(control.onNodes(nodes('a'), 1)).toEqual([]);
    expect(control.onComputed(onA, 2)).toEqual([{ kind: 'write', expectedVersion: undefined, next: onA }]);
    expect(control.onNodes(nodes('a'), 3)).toEqual([]);
    expect(control.onWritten({ kind: 'applied', version: 0 }, 4)).toMatchObject([{ kind: 'compute', previous: onA }]);
    expect(control.onComputed(onA, 5)).toEqual([]);
    expect(control.onNodes(nodes('a'), 6)).toEqual([]);
  });

  it('does not write what was computed from what is known no more: it computes anew', () => {
    const control = connected();
    control.onPlacement({ version: 0, placement: onA }, 0);
    control.onComputed(onA, 1);
    expect(control.onNodes(nodes('a', 'b'), 2)).toMatchObject([{ kind: 'compute', previous: onA }]);
    control.onPlacement({ version: 1, placement: onBoth }, 3);
    expect(control.onComputed({ version: 2, shards: [['b', 'a']] }, 4)).toMatchObject([{ kind: 'compute', previous: onBoth }]);
    expect(control.onComputed(onBoth, 5)).toEqual([]);
  });

  it('a result that comes when it is the controller no more, or cut off, is not written', () => {
    const control = connected();
    control.onPlacement(undefined, 0);
    control.onSession(false, 1);
    expect(control.onComputed(onA, 2)).toEqual([]);
    control.onSession(true, 3);
    expect(control.onNodes(nodes('b', 'a'), 4)).toEqual([]);
    expect(control.isController).toBe(false);
  });

  it('what is not known to be written is read again, and tried again after a while', () => {
    const control = connected();
    control.onPlacement(undefined, 0);
    control.onComputed(onA, 0);
    const tasks = control.onWritten({ kind: 'unknown' }, 10);
    expect(tasks).toEqual([{ kind: 'refresh' }, { kind: 'wake', afterMs: 1_000 }]);
    expect(control.onTime(1_010)).toEqual([{ kind: 'write', expectedVersion: undefined, next: onA }]);
  });
});
