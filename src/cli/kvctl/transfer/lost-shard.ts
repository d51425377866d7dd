/**
 * Finds a shard that has lost what an interrupted restore had written: a cluster in memory that was started again is the same cluster,
 * and holds nothing. The progress of the restore must not count then.
 */
import type { CallOptions, KvClient } from '../../../client/index.js';
import type { DumpRecord } from '../../../dump/index.js';
import { shardOfKey } from '../../../placement/key-slot.js';

/** This many restored keys of each shard are looked for. If none of them is there, the shard counts as one that has lost its data. */
const samplesOfShard = 20;

/**
 * @param done the first records of the dump that have been written
 * @returns a shard that holds none of the samples; undefined: there is none. Keys with a TTL may have expired, and prove nothing.
 */
export async function findLostShard(
  client: Pick<KvClient, 'mget' | 'knownTopology'>,
  records: AsyncIterable<DumpRecord>,
  done: number,
  call: CallOptions,
): Promise<number | undefined> {
  const samples = await sampleOf(records, done, client.knownTopology?.shards.length ?? 1);
  const found = await client.mget([...samples.values()].flat(), call);
  const values = found.values();
  for (const [shard, keys] of samples) {
    const held = keys.filter(() => values.next().value !== undefined);
    if (keys.length === samplesOfShard && held.length === 0) return shard;
  }
  return undefined;
}

/** By shard, the first keys without a TTL. */
async function sampleOf(records: AsyncIterable<DumpRecord>, done: number, shardCount: number): Promise<Map<number, string[]>> {
  const samples = new Map<number, string[]>();
  let read = 0;
  for await (const { key, ttlMs } of records) {
    if (read++ === done) break;
    if (ttlMs !== undefined) continue;
    const shard = shardOfKey(key, shardCount);
    const keys = samples.get(shard) ?? [];
    if (keys.length === samplesOfShard) continue;
    samples.set(shard, [...keys, key]);
  }
  return samples;
}
