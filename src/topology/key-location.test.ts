import { expect, test } from 'vitest';
import { shardOfKey } from '../placement/index.js';
import type { ReplicaInfo, ShardInfo, Topology } from '../wire/contract/kv-api.js';
import { locateKey } from './key-location.js';

const replica = (nodeId: string, inSync: boolean, live = true): ReplicaInfo => ({
  replicaId: `${nodeId}~1`,
  nodeId,
  inSync,
  live,
});

function topologyOf(shards: number, of: Partial<ShardInfo>): Topology {
  const common = { epoch: 3, minInSync: 1, offline: false, serving: true, placedNodeIds: [], replicas: [] };
  return {
    clusterId: 'one',
    nodes: ['a', 'b', 'c', 'd', 'e'].map((id) => ({
      id,
      address: `${id}:1`,
      zone: '',
      weight: 1,
      framesVersion: 1,
      draining: false,
    })),
    shards: Array.from({ length: shards }, (_, shard) => ({
      shard,
      primaryNodeId: 'b',
      primaryAddress: 'b:1',
      ...common,
      ...of,
    })),
    placementVersion: 1,
  };
}

test('the holders of a key - the primary, backups, joiners, lost ones, and placed nodes without a copy', () => {
  const replicas = [replica('gone', true, false), replica('c', false), replica('a', true), replica('b', true)];
  const location = locateKey(topologyOf(16, { replicas, placedNodeIds: ['b', 'c', 'd'] }), 'user:1');
  expect(location?.holders).toEqual([
    { nodeId: 'b', address: 'b:1', role: 'primary', placed: true },
    { nodeId: 'a', address: 'a:1', role: 'backup', placed: false },
    { nodeId: 'c', address: 'c:1', role: 'joiner', placed: true },
    { nodeId: 'gone', address: '', role: 'lost', placed: false },
    { nodeId: 'd', address: 'd:1', role: 'awaited', placed: true },
  ]);
});

test('the shard is that of the slot, and that of a tag for all its keys', () => {
  const topology = topologyOf(16, {});
  expect(locateKey(topology, 'user:1')).toMatchObject({ shard: 10, slot: 10_778, epoch: 3 });
  expect(locateKey(topology, '{user:1}:name')).toMatchObject({ shard: shardOfKey('user:1', 16), slot: 10_778 });
});

test('hash and slot are those of Redis Cluster', () => {
  const topology = topologyOf(16, {});
  expect(locateKey(topology, '123456789')).toMatchObject({ hash: 0x31c3, slot: 0x31c3, shard: 12 });
  expect(locateKey(topology, 'x{123456789}y')?.slot).toBe(0x31c3);
  expect(locateKey(topology, 'foo{}{bar}')).toMatchObject({ hash: 0xe0ab, slot: 8_363 });
});

test('no shard is known - no location', () => {
  expect(locateKey(topologyOf(0, {}), 'user:1')).toBeUndefined();
});
