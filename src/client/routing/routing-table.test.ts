import { describe, expect, test } from 'vitest';
import { shardOfKey } from '../../placement/index.js';
import type { ShardInfo, Topology } from '../../wire/contract/kv-api.js';
import { anyShard, RoutingTable } from './routing-table.js';

const isSuspect = () => false;

function shardInfo(shard: number, epoch: number, primary: string, placedNodeIds: string[] = []): ShardInfo {
  const rest = { replicas: [], minInSync: 1, offline: false, serving: true, placedNodeIds };
  return { shard, epoch, primaryNodeId: primary, primaryAddress: primary, ...rest };
}

function topologyOf(shards: ShardInfo[], nodes = ['a:1', 'b:1', 'c:1'], clusterId = 'one'): Topology {
  const infos = nodes.map((address) => ({
    id: address.slice(0, 1),
    address,
    zone: '',
    weight: 1,
    framesVersion: 1,
    draining: false,
  }));
  return { clusterId, nodes: infos, shards, placementVersion: 0 };
}

function topology(epoch: number, primary: string, nodes?: string[], clusterId?: string): Topology {
  return topologyOf([shardInfo(0, epoch, primary)], nodes, clusterId);
}

/** Whether the report changes anything, so that waiting operations have reason to try again. */
function hasChanges(table: RoutingTable, reported: Topology): boolean {
  const { nodes, shards } = table.update(reported);
  return nodes || shards.size > 0;
}

describe('routing table', () => {
  test('candidates - the primary first, every address once, seeds included', () => {
    const table = new RoutingTable();
    expect(table.candidates(0, ['s:1'], { isSuspect })).toEqual(['s:1']);
    table.update(topology(1, 'b:1'));
    const candidates = table.candidates(0, ['s:1', 'a:1'], { isSuspect });
    expect(candidates[0]).toBe('b:1');
    expect([...candidates].sort()).toEqual(['a:1', 'b:1', 'c:1', 's:1']);
  });

  test('candidates - a hint goes before the primary, the avoided and the suspects go last', () => {
    const table = new RoutingTable();
    table.update(topology(1, 'b:1'));
    expect(table.candidates(0, [], { hint: 'x:1', isSuspect })[0]).toBe('x:1');
    expect(table.candidates(0, [], { avoid: ['b:1'], isSuspect }).at(-1)).toBe('b:1');
    expect(table.candidates(0, [], { stay: 'c:1', isSuspect }).slice(0, 2)).toEqual(['b:1', 'c:1']);
    const candidates = table.candidates(0, [], { avoid: ['b:1'], isSuspect: (address) => address === 'a:1' });
    expect(candidates).toEqual(['c:1', 'b:1', 'a:1']);
  });

  test('candidates - the nodes that hold the shard go before those that could only forward', () => {
    const table = new RoutingTable();
    table.update(topologyOf([shardInfo(0, 1, ''), shardInfo(1, 1, 'a:1', ['a', 'c'])], ['a:1', 'b:1', 'c:1', 'd:1']));
    for (let turn = 0; turn < 4; turn += 1) expect(table.candidates(1, [], { isSuspect }).slice(0, 2)).toEqual(['a:1', 'c:1']);
  });

  test('update - a new primary is a change, and is the first candidate from then on', () => {
    const table = new RoutingTable();
    expect(hasChanges(table, topology(2, 'b:1'))).toBe(true);
    expect(hasChanges(table, topology(3, 'c:1'))).toBe(true);
    expect(table.primaryOf(0)).toBe('c:1');
  });

  test('update - only the shards that are passed as touched are compared', () => {
    const table = new RoutingTable();
    table.update(topologyOf([shardInfo(0, 1, 'a:1'), shardInfo(1, 1, 'b:1')]));
    const changes = table.update(topologyOf([shardInfo(0, 1, 'a:1'), shardInfo(1, 2, 'c:1')]), new Set([1]));
    expect(changes.shards).toEqual(new Set([1]));
    expect([table.primaryOf(0), table.primaryOf(1)]).toEqual(['a:1', 'c:1']);
  });

  test('update - the topology of another cluster replaces everything', () => {
    const table = new RoutingTable();
    table.update(topology(9, 'b:1'));
    expect(hasChanges(table, topology(1, 'a:1', ['a:1'], 'two'))).toBe(true);
    expect(table.primaryOf(0)).toBe('a:1');
  });

  test('update - returns whether anything changed for waiting operations', () => {
    const table = new RoutingTable();
    table.update(topology(1, 'b:1'));
    expect(hasChanges(table, topology(1, 'b:1'))).toBe(false);
    expect(hasChanges(table, topology(1, 'b:1', ['a:1', 'b:1']))).toBe(true);
    expect(hasChanges(table, topology(1, ''))).toBe(true);
    expect(table.primaryOf(0)).toBeUndefined();
  });

  test('update - names the shards that changed, and those that each primary has lost', () => {
    const table = new RoutingTable();
    table.update(topologyOf([shardInfo(0, 1, 'a:1'), shardInfo(1, 1, 'b:1'), shardInfo(2, 1, 'b:1')]));
    table.update(topologyOf([shardInfo(0, 1, 'a:1'), shardInfo(1, 1, ''), shardInfo(2, 1, 'b:1')]));
    const changes = table.update(topologyOf([shardInfo(0, 1, 'a:1'), shardInfo(1, 2, 'c:1'), shardInfo(2, 1, 'b:1')]));
    expect(changes).toEqual({ nodes: false, gone: [], shards: new Set([1]), deposed: new Map([['b:1', new Set([1])]]) });
  });

  test('several shards - every key goes to the primary of its shard', () => {
    const table = new RoutingTable();
    table.update(topologyOf([shardInfo(0, 1, 'a:1'), shardInfo(1, 1, 'b:1'), shardInfo(2, 1, 'c:1')]));
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
    expect(keys.map((key) => table.primaryOf(table.shardOf(key)))).toEqual(
      keys.map((key) => ['a:1', 'b:1', 'c:1'][shardOfKey(key, 3)]),
    );
    expect(table.shardOf('{user:1}:name')).toBe(table.shardOf('{user:1}:mail'));
    expect(table.primaryOf(anyShard)).toBeUndefined();
  });

  test('no primary is reported - the request goes to the first node on which the shard is placed', () => {
    const table = new RoutingTable();
    table.update(topologyOf([shardInfo(0, 0, '', ['gone', 'c', 'a']), shardInfo(1, 1, 'a:1')]));
    expect(table.primaryOf(0)).toBe('c:1');
    expect(table.reportedPrimaryOf(0)).toBeUndefined();
  });

  test('a primary is gone, and no other is reported - the request goes to the next node on which the shard is placed', () => {
    const table = new RoutingTable();
    const shards = [shardInfo(0, 3, 'a:1', ['a', 'b', 'c']), shardInfo(1, 1, 'b:1', ['b', 'c', 'a'])];
    table.update(topologyOf(shards));
    const unknown = shards.map((shard) => ({ ...shard, epoch: 0, primaryAddress: '' }));
    expect(table.update(topologyOf(unknown, ['b:1', 'c:1'])).gone).toEqual(['a:1']);
    expect([table.primaryOf(0), table.primaryOf(1)]).toEqual(['b:1', 'b:1']);
  });

  test('one node is primary of all shards - a request that concerns no shard goes to it', () => {
    const table = new RoutingTable();
    table.update(topologyOf([shardInfo(0, 1, 'b:1'), shardInfo(1, 1, 'b:1')]));
    expect(table.primaryOf(anyShard)).toBe('b:1');
  });

  describe('learn', () => {
    test('a refusal that names the primary - counts for that shard until the topology reports a change of it', () => {
      const table = new RoutingTable();
      table.update(topologyOf([shardInfo(0, 1, 'a:1'), shardInfo(1, 1, 'a:1')]));
      table.learn(1, 'a:1', 'c:1');
      expect([table.primaryOf(0), table.primaryOf(1)]).toEqual(['a:1', 'c:1']);
      expect(table.reportedPrimaryOf(1)).toBe('a:1');
      table.update(topologyOf([shardInfo(0, 2, 'b:1'), shardInfo(1, 1, 'a:1')]));
      expect([table.primaryOf(0), table.primaryOf(1)]).toEqual(['b:1', 'c:1']);
      table.update(topologyOf([shardInfo(0, 2, 'b:1'), shardInfo(1, 2, 'b:1')]));
      expect(table.primaryOf(1)).toBe('b:1');
    });

    test('the named node refuses, too, and names no primary - the topology counts again', () => {
      const table = new RoutingTable();
      table.update(topology(1, 'a:1'));
      table.learn(0, 'a:1', 'c:1');
      table.learn(0, 'b:1', undefined);
      expect(table.primaryOf(0)).toBe('c:1');
      table.learn(0, 'c:1', undefined);
      expect(table.primaryOf(0)).toBe('a:1');
    });
  });
});
