import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { KvClient } from '../../../client/index.js';
import type { DumpRecord } from '../../../dump/index.js';
import { shardOfKey } from '../../../placement/key-slot.js';
import { findLostShard } from './lost-shard.js';

const shardCount = 3;
const records = Array.from({ length: 300 }, (_, index): DumpRecord => ({ key: `k${index}`, value: Buffer.alloc(0), version: 1 }));

function lostIn(holds: (key: string) => boolean, dumped = records, done = dumped.length): Promise<number | undefined> {
  const client = {
    knownTopology: { shards: Array.from({ length: shardCount }) },
    mget: async (keys: string[]) =>
      keys.map((key) => (holds(key) ? { value: Buffer.alloc(0), version: 1, nodeId: 'a' } : undefined)),
  };
  return findLostShard(client as unknown as KvClient, Readable.from(dumped), done, {});
}

test('a shard that holds none of the keys that were restored has lost them', async () => {
  expect(await lostIn((key) => shardOfKey(key, shardCount) !== 1)).toBe(1);
});

test('keys that were deleted since are no loss, nor are those that were not restored yet', async () => {
  expect(await lostIn(() => true)).toBeUndefined();
  expect(await lostIn((key) => key.endsWith('1'))).toBeUndefined();
  expect(await lostIn(() => false, records, 19)).toBeUndefined();
});

test('keys that may have expired prove nothing', async () => {
  const expiring = records.map((record) => ({ ...record, ttlMs: 1 }));
  expect(await lostIn(() => false, expiring)).toBeUndefined();
});
