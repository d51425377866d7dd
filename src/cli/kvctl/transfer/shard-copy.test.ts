import { expect, test, vi } from 'vitest';
import type { KvClient } from '../../../client/index.js';
import type { DumpRecord } from '../../../dump/index.js';
import { type DumpPart, readDumpPart } from '../../../wire/dump/dump-parts.js';
import { DumpRecordsWriter } from '../../../wire/dump/dump-records.js';
import { type CopyEvents, ShardCopy } from './shard-copy.js';

const position = { history: 'h', seq: 9 };
const begin: DumpPart = { type: 'begin', position: { history: 'h', seq: 5 }, epoch: 2, keys: 1, dataBytes: 10, nodeId: 'a' };
const end: DumpPart = { type: 'end', position, timeMs: 1_000 };

function records(...writes: (readonly [key: string, version: number, expiresAtMs?: number])[]): DumpPart {
  const writer = new DumpRecordsWriter();
  for (const [key, version, expiresAtMs] of writes) writer.addWrite(key, Buffer.from(`${key}@${version}`), version, expiresAtMs);
  return readDumpPart(writer.take())!;
}

function clientOf(...parts: DumpPart[]): Pick<KvClient, 'dumpShard'> {
  return {
    dumpShard: async function* () {
      yield* parts;
    },
  };
}

const events = { wait: (next) => next(), received: vi.fn(), beganAgain: vi.fn() } satisfies CopyEvents;

async function recordsOf(...parts: DumpPart[]): Promise<DumpRecord[]> {
  const copy = await ShardCopy.receive(clientOf(...parts), 4, {}, events);
  const found: DumpRecord[] = [];
  for await (const batch of copy.records()) found.push(...batch);
  await copy.close();
  return found.sort((one, other) => (one.key < other.key ? -1 : 1));
}

test('a copy - has the position, and the newest record of each key', async () => {
  const copy = await ShardCopy.receive(clientOf(begin, records(['a', 4], ['b', 5]), records(['a', 9]), end), 4, {}, events);
  expect(copy.position).toEqual({ shard: 4, history: 'h', epoch: 2, seq: 9 });
  await copy.close();
  const found = await recordsOf(begin, records(['a', 4], ['b', 5]), records(['a', 9]), end);
  expect(found.map(({ key, value, version }) => [key, value.toString(), version])).toEqual([
    ['a', 'a@9', 9],
    ['b', 'b@5', 5],
  ]);
});

test('a copy - has what is left of a TTL at the position; a key that is due then is gone', async () => {
  const found = await recordsOf(begin, records(['a', 1, 1_001], ['b', 2, 1_000], ['c', 3], ['d', 4, 500]), end);
  expect(found.map(({ key, ttlMs }) => [key, ttlMs])).toEqual([
    ['a', 1],
    ['c', undefined],
  ]);
});

test('a copy - that begins again has nothing from before', async () => {
  events.beganAgain.mockClear();
  const found = await recordsOf(begin, records(['a', 4]), { ...begin, epoch: 3 }, records(['b', 5]), end);
  expect(found.map(({ key }) => key)).toEqual(['b']);
  expect(events.beganAgain).toHaveBeenCalledOnce();
});

test.each([
  ['has no end', [begin, records(['a', 1])]],
  ['has no beginning', [records(['a', 1]), end]],
  ['has a write from after it', [begin, records(['a', 10]), end]],
])('a dump that %s is no copy', async (problem, parts) => {
  await expect(recordsOf(...parts)).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining(problem) });
});
