import { expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import { MoveRate } from '../peers/snapshot-pace.js';
import { DumpServer } from './dump-server.js';
import { DumpedPrimary, DumpReader } from './dumped-primary.fixture.js';

const primary = new DumpedPrimary();
primary.write({ a: '1' });
let refusal: KvError | undefined;

function serverOf(): DumpServer {
  const local = { refusalOfRead: () => refusal };
  return new DumpServer({
    nodeId: 'a',
    shardCount: 2,
    rate: new MoveRate(Number.MAX_SAFE_INTEGER),
    maxHeldBytes: 1_000_000,
    replicaAt: (shard) => (shard === 0 ? { host: primary, local } : undefined),
  });
}

/** A reader that takes nothing, so that its dump goes on. */
function idleReader(): DumpReader {
  const reader = new DumpReader();
  reader.mayRead = false;
  return reader;
}

test.each([
  ['a shard that the cluster has not', 2, 'INVALID_ARGUMENT'],
  ['a shard of which the node holds nothing', 1, 'NOT_PRIMARY'],
])('DumpShard - of %s is refused', (_, shard, code) => {
  const reader = new DumpReader();
  serverOf().serve({ shard, maxBytesPerSecond: 0 }, reader.reply);
  expect(reader.error?.code).toBe(code);
});

test('DumpShard - is refused as a read is', () => {
  refusal = new KvError('LEASE_LAPSED', 'it lapsed');
  const reader = new DumpReader();
  serverOf().serve({ shard: 0, maxBytesPerSecond: 0 }, reader.reply);
  refusal = undefined;
  expect(reader.error?.code).toBe('LEASE_LAPSED');
});

test('DumpShard - as many dumps as a node may make, and one more when one of them is over', async () => {
  const server = serverOf();
  const readers = Array.from({ length: 8 }, idleReader);
  for (const { reply } of readers) server.serve({ shard: 0, maxBytesPerSecond: 0 }, reply);
  const [late, later] = [idleReader(), idleReader()];
  server.serve({ shard: 0, maxBytesPerSecond: 0 }, late.reply);
  expect(late.error?.code).toBe('OVERLOADED');
  readers[0]!.reply.onClosed();
  await expect.poll(() => server.count).toBe(7);
  server.serve({ shard: 0, maxBytesPerSecond: 0 }, later.reply);
  expect(later.parts.map(({ type }) => type)).toEqual(['begin']);
  server.close();
  expect([...readers.slice(1), later].map(({ error }) => error?.code)).toEqual(Array(8).fill('STOPPING'));
});
