import { beforeEach, describe, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import { NodeShardDirectory } from './node-shard-directory.js';
import type { NodeShards } from './node-shards.js';

const own = 'a:1';
const node = (nodeId: string) => ({ nodeId, address: `${nodeId}:1` });

/** Shard 0 is held here, shard 1 is not. */
let held: {
  primaryAddress: string | undefined;
  host: { status: { offline: boolean; state?: { inSync: string[] } } };
  candidates: { replicaId: string }[];
  local: object;
};
let cluster: { nodes: ReturnType<typeof node>[]; placement: { shards: string[][] } | undefined };
let directory: NodeShardDirectory;

beforeEach(() => {
  held = { primaryAddress: 'b:1', host: { status: { offline: false } }, candidates: [], local: {} };
  cluster = { nodes: [node('a'), node('b'), node('c')], placement: { shards: [['a'], ['b', 'c']] } };
  const shards = { shardCount: 2, at: (shard: number) => (shard === 0 ? held : undefined) };
  directory = new NodeShardDirectory(own, shards as unknown as NodeShards, cluster);
});

describe('the directory of a node', () => {
  test('a shard that is held here - its replica knows the primary, and for which nodes an offline shard waits', () => {
    expect([directory.local(0), directory.primaryElsewhere(0), directory.awaited(0)]).toEqual([held.local, 'b:1', undefined]);
    held.primaryAddress = own;
    held.host.status.offline = true;
    expect([directory.primaryElsewhere(0), directory.awaited(0)]).toEqual([undefined, []]);
    held.host.status.state = { inSync: ['b~1', 'c~2'] };
    expect(directory.awaited(0)).toEqual(['b', 'c']);
    // ZooKeeper shows an older state: its member is here.
    held.candidates = [{ replicaId: 'c~2' }];
    expect(directory.awaited(0)).toEqual([]);
  });

  test('a shard that is not held here - the first live node on which it is placed', () => {
    expect([directory.local(1), directory.primaryElsewhere(1), directory.awaited(1)]).toEqual([undefined, 'b:1', undefined]);
    cluster.nodes = [node('a'), node('c')];
    expect(directory.primaryElsewhere(1)).toBe('c:1');
    cluster.placement = undefined;
    expect(directory.primaryElsewhere(1)).toBeUndefined();
  });

  test('a refusal names the primary - the next request goes there, but not to this node itself', () => {
    directory.learnPrimary(1, 'b:1', new KvError('NOT_PRIMARY', '', { primaryAddress: 'c:1' }));
    expect(directory.primaryElsewhere(1)).toBe('c:1');
    directory.learnPrimary(1, 'c:1', new KvError('NOT_PRIMARY', '', { primaryAddress: own }));
    expect(directory.primaryElsewhere(1)).toBe('b:1');
  });

  test('an answer about a shard that is held here changes nothing', () => {
    directory.learnPrimary(0, 'c:1', undefined);
    expect(directory.primaryElsewhere(0)).toBe('b:1');
  });
});
