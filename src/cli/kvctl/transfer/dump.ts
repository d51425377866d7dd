/**
 * Writes all keys and values into a file (docs/dump-format.md), several shards at a time and in bounded memory. A dump
 * does not show one moment: it holds every key that exists throughout, with a value that the key had during the dump.
 */
import { once } from 'node:events';
import type { CallOptions, GetResult, KvClient } from '../../../client/index.js';
import { DumpEncoder, type DumpRecord, dumpFormatVersion } from '../../../dump/index.js';
import { KvError } from '../../../errors.js';
import { packageVersion } from '../../../version.js';
import type { ListedKey } from '../../../wire/contract/kv-api.js';
import { type Command, expectOperands } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { size } from '../figures.js';
import type { Output } from '../output.js';
import { gatherCluster } from '../status/gather.js';
import { reportWait, reportWaitForShards } from '../waiting.js';
import { TransferProgress } from './transfer-progress.js';

/** The number of shards that are read at once. Each has one batch of values in memory. */
const shardsAtOnce = 4;
/** Keys per page. A node scans every key of a shard for each page, so few large pages cost less. */
const pageKeys = 10_000;
const batchKeys = 1_000;
const batchBytes = 4 * 1024 * 1024;

export const dumpCommand: Command = {
  name: 'dump',
  operands: '> FILE',
  summary: 'Write all keys and values to stdout, for kvctl restore',
  isWrite: false,
  options: {},
  async run({ connect, operands, call, output }) {
    expectOperands(dumpCommand, operands, 0);
    if (process.stdout.isTTY === true)
      throw new KvError('INVALID_OPTION', 'a dump is binary, so redirect it into a file: kvctl dump > FILE');
    const client = await connect();
    const { topology, answers } = await gatherCluster(client, call, output);
    const primaries = answers.flatMap(({ status }) => status?.replicas ?? []).filter(({ role }) => role === 'primary');
    const progress = new TransferProgress(
      'dumped',
      primaries.reduce((sum, { keys }) => sum + keys, 0),
      output,
    );
    try {
      const encoder = new DumpEncoder();
      const createdAt = new Date().toISOString();
      const { clusterId, shards } = topology;
      await write(
        encoder.header({
          formatVersion: dumpFormatVersion,
          clusterId,
          shards: shards.length,
          createdAt,
          softwareVersion: packageVersion(),
        }),
      );
      const waiting = shards.map(({ shard }) => shard).values();
      const lane = async (): Promise<void> => {
        for (const shard of waiting) {
          for await (const records of readShard(client, shard, call, output)) {
            const bytes = encoder.encode(records);
            progress.add(records.length, bytes.length);
            await write(bytes);
          }
        }
      };
      await Promise.all(Array.from({ length: shardsAtOnce }, lane));
      await write(encoder.end());
      const { keys, bytes, seconds } = progress;
      progress.close();
      const text = `dumped ${keys} keys, ${size(bytes)}, in ${seconds.toFixed(1)} s`;
      output.note(output.isJson ? JSON.stringify({ keys, bytes }) : text);
      return exitCodes.ok;
    } finally {
      progress.close();
    }
  },
};

/** Leaves out keys that are deleted after they were listed and before they are read. */
async function* readShard(client: KvClient, shard: number, call: CallOptions, output: Output): AsyncGenerator<DumpRecord[]> {
  for (let after = ''; ; ) {
    const list = () => client.listKeys({ shard, after, limit: pageKeys }, call);
    const { keys, nextAfter } = await reportWaitForShards(client, () => [shard], output, list);
    for (const batch of batchesOf(keys)) {
      const found = await reportWait(client, batch, output, () => client.mget(batch, call));
      yield found.flatMap((result, index) => (result === undefined ? [] : [recordOf(batch[index]!, result)]));
    }
    if (nextAfter === '') return;
    after = nextAfter;
  }
}

/** A key that is due is still there. It expires as soon as it is restored. */
function recordOf(key: string, { value, version, expiresInMs }: GetResult): DumpRecord {
  return { key, value, version, ...(expiresInMs === undefined ? {} : { ttlMs: Math.max(1, expiresInMs) }) };
}

function* batchesOf(keys: readonly ListedKey[]): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const { key, valueBytes } of keys) {
    batch.push(key);
    bytes += valueBytes;
    if (batch.length < batchKeys && bytes < batchBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

async function write(bytes: Buffer): Promise<void> {
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
}
