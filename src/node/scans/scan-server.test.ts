import { expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import type { ScanRequest } from '../../wire/scan/scan-messages.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { ScanServer } from './scan-server.js';
import { PageReader, ScannedPrimary } from './scanned-primary.fixture.js';

const whole: ScanRequest = {
  shard: 0,
  from: '',
  to: '',
  prefix: '',
  after: '',
  reverse: false,
  limit: 0,
  keysOnly: false,
  maxPageKeys: 0,
  maxPageBytes: 0,
};

function serverOf(primary: ScannedPrimary, primaryElsewhere?: string) {
  const ended: (string | undefined)[] = [];
  let keys = 0;
  const directory: ShardDirectory = {
    shardCount: 2,
    local: () => undefined,
    primaryElsewhere: () => primaryElsewhere,
    learnPrimary() {},
    awaited: () => undefined,
  };
  const server = new ScanServer({
    nodeId: 'a',
    directory,
    maxHeldBytes: 1024 * 1024,
    counts: {
      scan: (failure) => ended.push(failure),
      page: (count) => {
        keys += count;
      },
    },
    replicaAt: (shard) => (shard === 0 ? primary : undefined),
  });
  return { server, ended, shown: () => keys };
}

async function readAll(server: ScanServer, request: Partial<ScanRequest>): Promise<PageReader> {
  const reader = new PageReader();
  server.serve({ ...whole, ...request }, reader.reply);
  await expect.poll(() => reader.hasEnded || reader.error !== undefined).toBe(true);
  return reader;
}

test('Scan - shows a prefix or a range, from a key on, in both directions', async () => {
  const primary = new ScannedPrimary();
  for (const key of ['a', 'ab', 'abc', 'b', 'ä', 'äb']) primary.write({ [key]: key });
  const { server, ended, shown } = serverOf(primary);
  const keysOf = async (request: Partial<ScanRequest>) => (await readAll(server, request)).keys;
  expect(await keysOf({ prefix: 'ab' })).toEqual(['ab', 'abc']);
  expect(await keysOf({ prefix: 'ä', reverse: true })).toEqual(['äb', 'ä']);
  expect(await keysOf({ from: 'ab', to: 'b' })).toEqual(['ab', 'abc']);
  expect(await keysOf({ from: 'ab', after: 'abc' })).toEqual(['b', 'ä', 'äb']);
  expect(await keysOf({ to: 'b', after: 'abc', reverse: true })).toEqual(['ab', 'a']);
  expect(await keysOf({ from: 'c', to: 'c' })).toEqual([]);
  expect([ended, shown(), server.count]).toEqual([Array(6).fill(undefined), 11, 0]);
});

test.each([
  ['a shard that the cluster has not', { shard: 2 }, 'INVALID_ARGUMENT'],
  ['a range that ends before it begins', { from: 'b', to: 'a' }, 'INVALID_ARGUMENT'],
  ['pages that are too large', { maxPageKeys: 10_001 }, 'INVALID_ARGUMENT'],
  ['a shard of which the node holds nothing', { shard: 1 }, 'NOT_PRIMARY'],
])('Scan - of %s is refused', async (_, request, code) => {
  const { server, ended } = serverOf(new ScannedPrimary(), '127.0.0.1:9091');
  const { error } = await readAll(server, request);
  expect(error).toMatchObject({ code, executed: 'no' });
  if (code === 'NOT_PRIMARY') expect(error?.primaryAddress).toBe('127.0.0.1:9091');
  expect(ended).toEqual([code]);
});

test('Scan - at a node that is not primary names the primary, also between two pages', async () => {
  const primary = new ScannedPrimary();
  for (let key = 0; key < 200; key++) primary.write({ [`${key}`]: 'v' });
  const { server } = serverOf(primary, '127.0.0.1:9091');
  const reader = new PageReader(() => {
    primary.refusal = new KvError('NOT_PRIMARY', 'it was replaced');
  });
  server.serve(whole, reader.reply);
  await expect.poll(() => reader.error).toMatchObject({ code: 'NOT_PRIMARY', primaryAddress: '127.0.0.1:9091' });
  expect(reader.pages).toHaveLength(1);
});

test('Scan - of a replica without an order is refused for good', async () => {
  const primary = new ScannedPrimary();
  Object.assign(primary, { storage: {} });
  const { server } = serverOf(primary);
  expect((await readAll(server, {})).error).toMatchObject({ code: 'NO_ORDER', retryable: false, executed: 'no' });
});

test('Scan - as many scans as a node may serve, and one more when one of them is over', async () => {
  const primary = new ScannedPrimary();
  primary.write({ a: '1' });
  primary.write({ b: '1' });
  const { server } = serverOf(primary);
  const idle = Array.from({ length: 512 }, () => {
    const reader = new PageReader();
    reader.mayRead = false;
    return reader;
  });
  for (const { reply } of idle) server.serve({ ...whole, maxPageKeys: 1 }, reply);
  const late = await readAll(server, {});
  expect(late.error?.code).toBe('OVERLOADED');
  idle[0]!.reply.onClosed();
  await expect.poll(() => server.count).toBe(511);
  expect((await readAll(server, {})).keys).toEqual(['a', 'b']);
  server.close();
  await expect.poll(() => server.count).toBe(0);
  expect(idle.slice(1).every(({ error }) => error?.code === 'STOPPING')).toBe(true);
});
