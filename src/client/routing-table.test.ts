import { describe, expect, test } from 'vitest';
import type { Topology } from '../rpc/kv-api.js';
import { RoutingTable } from './routing-table.js';

const nobody = () => false;

function topology(epoch: number, primary: string, nodes = ['a:1', 'b:1', 'c:1'], clusterId = 'one'): Topology {
  const rest = { primaryNodeId: primary, primaryAddress: primary, replicas: [], minInSync: 1, offline: false, serving: true };
  return { clusterId, nodes: nodes.map((address) => ({ id: address, address })), shards: [{ shard: 0, epoch, ...rest }] };
}

describe('routing table', () => {
  test('candidates - the primary first, every address once, seeds included', () => {
    const table = new RoutingTable();
    expect(table.candidates(['s:1'], { isSuspect: nobody })).toEqual(['s:1']);
    table.update(topology(1, 'b:1'));
    const candidates = table.candidates(['s:1', 'a:1'], { isSuspect: nobody });
    expect(candidates[0]).toBe('b:1');
    expect([...candidates].sort()).toEqual(['a:1', 'b:1', 'c:1', 's:1']);
  });

  test('candidates - a hint goes before the primary, the avoided and the suspects go last', () => {
    const table = new RoutingTable();
    table.update(topology(1, 'b:1'));
    expect(table.candidates([], { hint: 'x:1', isSuspect: nobody })[0]).toBe('x:1');
    expect(table.candidates([], { avoid: 'b:1', isSuspect: nobody }).at(-1)).toBe('b:1');
    expect(table.candidates([], { stay: 'c:1', isSuspect: nobody }).slice(0, 2)).toEqual(['b:1', 'c:1']);
    const candidates = table.candidates([], { avoid: 'b:1', isSuspect: (address) => address === 'a:1' });
    expect(candidates).toEqual(['c:1', 'b:1', 'a:1']);
  });

  test('update - a shard never goes back to an older epoch', () => {
    const table = new RoutingTable();
    expect(table.update(topology(2, 'b:1'))).toBe(true);
    expect(table.update(topology(1, 'a:1'))).toBe(false);
    expect(table.primaryAddress).toBe('b:1');
    expect(table.update(topology(3, 'c:1'))).toBe(true);
    expect(table.primaryAddress).toBe('c:1');
  });

  test('update - another cluster starts afresh', () => {
    const table = new RoutingTable();
    table.update(topology(9, 'b:1'));
    expect(table.update(topology(1, 'a:1', ['a:1'], 'two'))).toBe(true);
    expect(table.primaryAddress).toBe('a:1');
  });

  test('update - says whether anything changed for those who wait', () => {
    const table = new RoutingTable();
    table.update(topology(1, 'b:1'));
    expect(table.update(topology(1, 'b:1'))).toBe(false);
    expect(table.update(topology(1, 'b:1', ['a:1', 'b:1']))).toBe(true);
    expect(table.update(topology(1, ''))).toBe(true);
    expect(table.primaryAddress).toBeUndefined();
  });
});
