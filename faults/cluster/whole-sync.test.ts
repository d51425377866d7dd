import { describe, expect, test } from 'vitest';
import type { NodeStatus, ReplicaStatus, ShardInfo } from '../../src/index.js';
import { missingForWhole } from './whole-sync.js';

function replicaOf(nodeId: string, shard: number, more: Partial<ReplicaStatus> = {}): ReplicaStatus {
  const counts = { lastSeq: 1, lastEpoch: 1, commitIndex: 1, appliedSeq: 1, keys: 1, dataBytes: 1, dataLimitBytes: 1 };
  const base = { shard, replicaId: `${nodeId}~1`, role: 'backup', epoch: 1, serving: false, complete: true };
  return { ...base, ...counts, peers: [], offline: false, held: null, found: null, lost: null, ...more };
}

/** A serving primary of the shard with these in-sync members. */
function primaryOf(nodeId: string, shard: number, ...inSync: string[]): ReplicaStatus {
  const peer = (id: string) => ({ replicaId: `${id}~1`, nodeId: id, inSync: true, phase: 'steady', ackedSeq: 1 });
  return replicaOf(nodeId, shard, { role: 'primary', serving: true, peers: inSync.map(peer) });
}

function statusOf(nodeId: string, ...replicas: ReplicaStatus[]): NodeStatus {
  const words = { nodeId, address: nodeId, version: '', zookeeper: 'connected', warnings: [], zone: '' };
  const counts = { uptimeMs: 1, memoryBytes: 1, maxMemoryBytes: 1, keys: 1, dataBytes: 1, dataLimitBytes: 1, weight: 1 };
  return {
    ...words,
    ...counts,
    logLinesDropped: 0,
    openDescriptors: 20,
    maxDescriptors: 1_024,
    durability: 'memory',
    diskBytes: 0,
    maxDiskBytes: 0,
    state: 'memory',
    stateLag: 0,
    stateImpaired: false,
    formatInUse: 6,
    oldestFormat: 6,
    newestFormat: 6,
    replicas,
  };
}

const placedOn = (...lists: string[][]) => ({
  shards: lists.map((placedNodeIds, shard): ShardInfo => {
    const rest = { epoch: 1, primaryNodeId: '', primaryAddress: '', replicas: [], minInSync: 1, offline: false, serving: true };
    return { shard, placedNodeIds, ...rest };
  }),
});

describe('a whole cluster', () => {
  const a = statusOf('a', primaryOf('a', 0, 'b'), replicaOf('a', 1));
  const b = statusOf('b', replicaOf('b', 0), primaryOf('b', 1, 'a'));
  const placed = placedOn(['a', 'b'], ['b', 'a']);

  test('has every shard in sync on exactly the nodes on which it is placed', () => {
    expect(missingForWhole([a, b], placed)).toBeUndefined();
  });

  test.each([
    ['a node without shards', [a, b, statusOf('c')], 'nothing is placed on c'],
    [
      'a shard without a primary',
      [a, statusOf('b', replicaOf('b', 0), replicaOf('b', 1))],
      'shard 1, placed on b, a: 0 primaries',
    ],
    ['two primaries', [a, statusOf('b', primaryOf('b', 0, 'a'), primaryOf('b', 1, 'a'))], '2 primaries'],
    ['a copy that its primary does not count', [statusOf('a', primaryOf('a', 0), replicaOf('a', 1)), b], 'not in sync'],
    ['another epoch', [a, statusOf('b', replicaOf('b', 0, { epoch: 2 }), primaryOf('b', 1, 'a'))], 'several epochs'],
    ['a copy under way', [a, statusOf('b', replicaOf('b', 0, { complete: false }), primaryOf('b', 1, 'a'))], 'not in sync'],
  ])('is not whole with %s', (_, statuses, missing) => {
    expect(missingForWhole(statuses, placed)).toContain(missing);
  });

  test('is not whole while a node holds a copy that is not placed on it', () => {
    const c = statusOf('c', replicaOf('c', 0));
    const more = statusOf('a', primaryOf('a', 0, 'b', 'c'), replicaOf('a', 1));
    const wanted = placedOn(['a', 'b'], ['b', 'a'], ['c']);
    expect(missingForWhole([more, b, c], wanted)).toContain('shard 0, placed on a, b: not where it is placed');
  });
});
