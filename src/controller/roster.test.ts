import { describe, expect, test } from 'vitest';
import type { NodeRegistration } from '../coordination/index.js';
import { Roster } from './roster.js';

const replaceAfterMs = 1_000;

function nodes(...ids: string[]): NodeRegistration[] {
  return ids.map((nodeId) => ({ nodeId, address: `${nodeId}:1`, zone: `zone of ${nodeId}`, weight: 2 }));
}

function idsAt(roster: Roster, nowMs: number): string[] {
  return roster.members(nowMs).nodes.map(({ id }) => id);
}

const placed = new Set(['a', 'b', 'c']);

describe('roster', () => {
  test('the controller is the first registered node that does not leave', () => {
    const roster = new Roster(replaceAfterMs);
    expect(roster.controllerId).toBeUndefined();
    const [c, a] = nodes('c', 'a');
    roster.update([c!, a!], placed, 0);
    expect(roster.controllerId).toBe('c');
    roster.update([{ ...c!, leaving: true }, a!], placed, 0);
    expect(roster.controllerId).toBe('a');
  });

  test('a vanished node counts, with its zone and weight, until its time is over', () => {
    const roster = new Roster(replaceAfterMs);
    roster.update(nodes('a', 'b', 'c'), placed, 0);
    roster.update(nodes('a', 'c'), placed, 100);
    roster.update(nodes('a', 'c'), placed, 900);
    expect(roster.members(1_099)).toEqual({
      nodes: nodes('a', 'c', 'b').map(({ nodeId: id, zone, weight }) => ({ id, zone, weight })),
      unknownIds: [],
      nextExpiryMs: 1_100,
    });
    expect(roster.members(1_100)).toMatchObject({ nodes: [{ id: 'a' }, { id: 'c' }], nextExpiryMs: undefined });
  });

  test('a node that returns in time gets the whole time again when it vanishes again', () => {
    const roster = new Roster(replaceAfterMs);
    roster.update(nodes('a', 'b', 'c'), placed, 0);
    roster.update(nodes('a', 'c'), placed, 100);
    roster.update(nodes('a', 'c', 'b'), placed, 1_000);
    roster.update(nodes('a', 'c'), placed, 1_050);
    expect(idsAt(roster, 2_049)).toEqual(['a', 'c', 'b']);
    expect(idsAt(roster, 2_050)).toEqual(['a', 'c']);
  });

  test('a node that leaves does not count, neither while it is registered nor afterwards', () => {
    const roster = new Roster(replaceAfterMs);
    const [a, b, c] = nodes('a', 'b', 'c');
    roster.update([a!, { ...b!, leaving: true }, c!], placed, 0);
    expect(idsAt(roster, 0)).toEqual(['a', 'c']);
    roster.update([a!, c!], placed, 1);
    expect(idsAt(roster, 1)).toEqual(['a', 'c']);
    roster.update([a!, c!, b!], placed, 2);
    expect(idsAt(roster, 2)).toEqual(['a', 'c', 'b']);
  });

  test('an absent node that was never seen is reported as unknown until its time is over', () => {
    const roster = new Roster(replaceAfterMs);
    roster.update(nodes('a', 'b'), placed, 0);
    expect(roster.members(999)).toMatchObject({ unknownIds: ['c'], nextExpiryMs: 1_000 });
    expect(roster.members(1_000)).toMatchObject({ unknownIds: [], nextExpiryMs: undefined });
    expect(idsAt(roster, 1_000)).toEqual(['a', 'b']);
  });

  test('no absence counts while ZooKeeper is away', () => {
    const roster = new Roster(replaceAfterMs);
    roster.update(nodes('a', 'b', 'c'), placed, 0);
    roster.update(nodes('a', 'c'), placed, 100);
    roster.forgetAbsences();
    roster.update(nodes('a', 'c'), placed, 5_000);
    expect(idsAt(roster, 5_999)).toEqual(['a', 'c', 'b']);
    expect(idsAt(roster, 6_000)).toEqual(['a', 'c']);
  });

  test('a vanished node that holds no shard is forgotten at once', () => {
    const roster = new Roster(replaceAfterMs);
    roster.update(nodes('a', 'x'), new Set(['a']), 0);
    roster.update(nodes('a'), new Set(['a']), 1);
    expect(roster.members(1)).toMatchObject({ nodes: [{ id: 'a' }], unknownIds: [], nextExpiryMs: undefined });
  });
});
