import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MoveRate, SnapshotPace } from '../peers/snapshot-pace.js';
import { DumpBacklog } from './dump-backlog.js';
import { DumpedPrimary, DumpReader } from './dumped-primary.fixture.js';
import { ShardDump } from './shard-dump.js';

const messageBytes = 64 * 1024;
const large = (text: string): string => text.padEnd(messageBytes, '.');
const plentyBytes = 1024 * 1024 * 1024;

function dumpOf(primary: DumpedPrimary, reader: DumpReader, maxHeldBytes = plentyBytes) {
  const backlog = new DumpBacklog(maxHeldBytes);
  const paces = [new SnapshotPace(new MoveRate(Number.MAX_SAFE_INTEGER), 0)];
  const dump = new ShardDump({ nodeId: 'a', replica: primary, reply: reader.reply, paces, backlog });
  return { dump, backlog };
}

const byKey = (held: ReadonlyMap<string, unknown>) => Object.fromEntries([...held].sort());

/** What happens to some keys while a part of the dump is on its way. */
const writes = fc.array(fc.dictionary(fc.constantFrom(...'abcdefgh'), fc.option(fc.constantFrom('1', '2'), { nil: undefined })), {
  maxLength: 4,
});

test('a dump - is the state at its position, whatever is written meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(writes, { maxLength: 12 }), async (steps) => {
      const primary = new DumpedPrimary();
      for (const key of 'abcdef') primary.write({ [key]: large('0') });
      const states = new Map([[primary.position.seq, byKey(primary.held)]]);
      const waiting = steps.values();
      const reader = new DumpReader(() => {
        for (const write of waiting.next().value ?? []) {
          primary.write(Object.fromEntries(Object.entries(write).map(([key, value]) => [key, value && large(value)])));
          states.set(primary.position.seq, byKey(primary.held));
        }
      });
      const { dump } = dumpOf(primary, reader);
      await dump.run();
      expect(reader.hasEnded).toBe(true);
      expect(byKey(reader.state)).toEqual(states.get(reader.end!.position.seq));
      expect(primary.listeners).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test('a dump - names its position, the epoch, and the time of the shard', async () => {
  const primary = new DumpedPrimary();
  primary.write({ a: '1', b: '2' });
  const reader = new DumpReader();
  const { dump, backlog } = dumpOf(primary, reader, 100);
  await dump.run();
  const position = { history: 'h', seq: 11 };
  expect(reader.parts[0]).toEqual({ type: 'begin', position, epoch: 3, keys: 2, dataBytes: 4, nodeId: 'a' });
  expect(reader.end).toEqual({ type: 'end', position, timeMs: 5_000 });
  // All that was held back has left: as much fits again.
  expect(backlog.add(100)).toBeUndefined();
});

test('a dump - has nothing of what is written once its position has been read', async () => {
  const primary = new DumpedPrimary();
  primary.write({ a: '1' });
  primary.timeMs = () => {
    queueMicrotask(() => primary.write({ a: '2', late: '1' }));
    return 0;
  };
  const reader = new DumpReader();
  await dumpOf(primary, reader).dump.run();
  expect(primary.position.seq).toBe(12);
  expect([reader.end?.position.seq, byKey(reader.state)]).toEqual([11, { a: { value: '1', version: 11 } }]);
});

test('a dump - carries deadlines and deletions', async () => {
  const primary = new DumpedPrimary();
  primary.write({ session: 'v' }, 9_000);
  const reader = new DumpReader((part) => part.type === 'begin' && primary.write({ gone: undefined, later: 'w' }, 7_000));
  await dumpOf(primary, reader).dump.run();
  const records = reader.parts.flatMap((part) => (part.type === 'records' ? [...part.records] : []));
  expect(records.map(({ key, value, version, expiresAtMs }) => [key, value?.toString(), version, expiresAtMs])).toEqual([
    ['gone', undefined, 12, 7_000],
    ['later', 'w', 12, 7_000],
    ['session', 'v', 11, 9_000],
  ]);
});

test('a dump - of a replica that is not primary any more fails, and nothing is held back', async () => {
  const primary = new DumpedPrimary();
  for (const key of 'abc') primary.write({ [key]: large('0') });
  const reader = new DumpReader((part) => {
    if (part.type === 'records') primary.isPrimary = false;
  });
  const { dump, backlog } = dumpOf(primary, reader);
  await dump.run();
  expect([reader.error?.code, reader.hasEnded, primary.listeners]).toEqual(['NOT_PRIMARY', false, 0]);
  expect(backlog.add(plentyBytes)).toBeUndefined();
});

test('a dump - does not go on while its client does not read, nor after the client has gone', async () => {
  const primary = new DumpedPrimary();
  for (const key of 'abc') primary.write({ [key]: large('0') });
  const reader = new DumpReader();
  reader.mayRead = false;
  const { dump } = dumpOf(primary, reader);
  const over = dump.run();
  for (let turns = 0; turns < 20; turns++) await turn();
  expect(reader.parts).toHaveLength(1);
  reader.reply.onClosed();
  await over;
  expect([reader.parts.length, reader.error, primary.listeners]).toEqual([1, undefined, 0]);
});

test('a dump - that is read more slowly than the shard is written fails', async () => {
  const primary = new DumpedPrimary();
  primary.write({ a: '0' });
  const reader = new DumpReader();
  reader.mayRead = false;
  const { dump, backlog } = dumpOf(primary, reader, 2 * messageBytes);
  const over = dump.run();
  for (const value of '123') primary.write({ a: large(value) });
  await over;
  expect(reader.error).toMatchObject({ code: 'OVERLOADED', executed: 'no' });
  expect(backlog.add(2 * messageBytes)).toBeUndefined();
});

test('a dump - of a node that closes is refused, as something to be tried again', async () => {
  const primary = new DumpedPrimary();
  primary.write({ a: '0' });
  const reader = new DumpReader();
  reader.mayRead = false;
  const { dump } = dumpOf(primary, reader);
  const over = dump.run();
  dump.giveUp();
  await over;
  expect(reader.error).toMatchObject({ code: 'STOPPING', retryable: true });
});
