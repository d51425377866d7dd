/** kvctl state check: the comparison of the copies of a shard, from the rpcs of the nodes to what it reports. */
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkShard, defaultLimits } from '../../src/cli/kvctl/state/check-shard.js';
import { ReplicaCopy } from '../../src/cli/kvctl/state/replica-copy.js';
import { ModelShard } from './state-check.fixture.js';

const limits = { ...defaultLimits, maxBytesPerSecond: 0 };
const names = ['a', 'b', 'c'];

function check(shard: ModelShard, nodes = names, changed: Partial<typeof limits> = {}) {
  const copies = nodes.map(
    (name) => new ReplicaCopy(shard.client, { shard: 0, nodeId: name, address: name }, { deadlineMs: 5_000 }),
  );
  return checkShard(copies, { ...limits, ...changed });
}

function filled(nodes: readonly string[] = names, keys = 200): ModelShard {
  const shard = new ModelShard(nodes);
  for (let index = 0; index < keys; index++)
    shard.write({ [`key ${index}`]: `value ${index}` }, index % 7 === 0 ? 1_000 + index : undefined);
  shard.applyEverywhere();
  return shard;
}

/** The log has nothing more that the stores could be compared with. */
function dropLogs(shard: ModelShard): void {
  for (const copy of shard.copies) copy.droppedSeq = shard.lastSeq;
}

const keysOf = ({ differences }: Awaited<ReturnType<typeof check>>) => differences.map(({ key }) => key).sort();

const write = fc.tuple(fc.constantFrom(...'abcdefghij'), fc.option(fc.constantFrom('1', '2'), { nil: undefined }));
/** In each turn of the event loop: what is written, and how far the backups are behind then. */
const steps = fc.array(fc.tuple(fc.array(write, { maxLength: 3 }), fc.nat(3), fc.nat(3)), { minLength: 1, maxLength: 60 });

test('a check - of copies that agree reports nothing, whatever is written meanwhile, and however far backups are behind', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), fc.nat(20), async (turns, isRemote, dropped) => {
      const shard = new ModelShard(names);
      for (const key of 'abcdefgh') shard.write({ [key]: 'first' });
      for (const copy of shard.copies) [copy.isRemote, copy.droppedSeq] = [isRemote, dropped];
      let isOver = false;
      const writer = async (): Promise<void> => {
        for (const [writes, ...behind] of turns) {
          for (const [key, value] of writes) shard.write({ [key]: value });
          for (const [index, lag] of behind.entries()) shard.copies[index + 1]!.applyThrough(shard.lastSeq - lag);
          await turn();
          if (isOver) break;
        }
        shard.applyEverywhere();
      };
      const [checked] = await Promise.all([
        check(shard).finally(() => {
          isOver = true;
        }),
        writer(),
      ]);
      expect(checked).toMatchObject({ differences: [], unreadable: [], hasMore: false });
    }),
    { numRuns: 60 },
  );
});

test('a check - finds exactly the keys that are damaged, and names their copy, while other keys are written', async () => {
  const damage = fc.record({
    keys: fc.uniqueArray(fc.nat(199), { minLength: 1, maxLength: 5 }),
    kind: fc.constantFrom('value', 'version', 'expiry', 'missing', 'extra'),
    copy: fc.nat(2),
    hasLog: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ keys, kind, copy: index, hasLog }) => {
      const shard = filled();
      if (!hasLog) dropLogs(shard);
      const { items } = shard.copies[index]!;
      const damaged = keys.map((number) => (kind === 'extra' ? `extra ${number}` : `key ${number}`));
      for (const key of damaged) {
        const item = items.get(key)!;
        if (kind === 'missing') items.delete(key);
        else if (kind === 'extra') items.set(key, { value: Buffer.from('x'), version: 3 });
        else if (kind === 'value') items.set(key, { ...item, value: flipped(item.value) });
        else if (kind === 'version') items.set(key, { ...item, version: item.version + 1_000_000 });
        else items.set(key, { ...item, expiresAtMs: 77 });
      }
      let isOver = false;
      const writer = async (): Promise<void> => {
        for (let number = 0; !isOver; number++) {
          shard.write({ [`hot ${number % 50}`]: `${number}` });
          shard.applyEverywhere();
          await turn();
        }
      };
      const checking = check(shard).finally(() => {
        isOver = true;
      });
      const [found] = await Promise.all([checking, writer()]);
      expect(keysOf(found)).toEqual(damaged.sort());
      for (const difference of found.differences) expect(difference.damaged).toEqual([index]);
    }),
    { numRuns: 60 },
  );
});

test('a check - of two copies that differ says which is wrong only if a log shows it', async () => {
  for (const hasLog of [true, false]) {
    const shard = filled(['a', 'b']);
    if (!hasLog) dropLogs(shard);
    const { items } = shard.copies[1]!;
    items.set('key 3', { ...items.get('key 3')!, value: Buffer.from('other') });
    const { differences } = await check(shard, ['a', 'b']);
    const expected = hasLog ? { evidence: 'log', damaged: [1] } : { evidence: 'none', damaged: [] };
    expect(differences).toMatchObject([{ key: 'key 3', ...expected }]);
  }
});

test('a check - of all copies finds what all of them have lost, from the log', async () => {
  const shard = filled();
  for (const { items } of shard.copies) items.delete('key 5');
  expect((await check(shard)).differences).toMatchObject([{ key: 'key 5', evidence: 'log', damaged: [0, 1, 2] }]);
});

test('a check - of a single copy compares it with its log', async () => {
  const shard = filled(['a']);
  shard.copies[0]!.items.delete('key 5');
  expect((await check(shard, ['a'])).differences).toMatchObject([{ key: 'key 5', damaged: [0] }]);
});

test('a check - reports keys that are no UTF-8 any more', async () => {
  const shard = filled();
  dropLogs(shard);
  const { items } = shard.copies[2]!;
  items.set('k\u00ffy', items.get('key 8')!);
  items.delete('key 8');
  const found = await check(shard);
  expect(found.unreadable).toEqual([{ copy: 2, key: Buffer.from('k\u00ffy', 'latin1') }]);
  expect(found.differences).toMatchObject([{ key: 'key 8', evidence: 'majority', damaged: [2] }]);
});

test('a check - lists many differing buckets in groups, and ends with the most differences that were asked for', async () => {
  const shard = filled(names, 800);
  dropLogs(shard);
  shard.copies[1]!.items.clear();
  const all = await check(shard, names, { listedRecords: 100, mostDifferences: 10_000 });
  expect([all.differences.length, all.hasMore]).toEqual([800, false]);
  const some = await check(shard, names, { listedRecords: 100, mostDifferences: 50 });
  expect(some.hasMore).toBe(true);
  expect(some.differences.length).toBeLessThanOrEqual(150);
});

test('a check - of a copy that is replaced meanwhile fails', async () => {
  const shard = filled();
  const checking = check(shard);
  shard.copies[1]!.resets += 1;
  await turn();
  shard.copies[1]!.resets += 1;
  await expect(checking).rejects.toMatchObject({ code: 'NOT_PRIMARY' });
});

test('a check - of a copy that does not apply what the primary has fails', async () => {
  const shard = filled();
  shard.write({ late: '1' });
  const copies = names.map((name) => new ReplicaCopy(shard.client, { shard: 0, nodeId: name, address: name }, { deadlineMs: 1 }));
  await expect(checkShard(copies, limits)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
});

function flipped(value: Uint8Array): Buffer {
  const copy = Buffer.from(value);
  copy[copy.length - 1]! ^= 1;
  return copy;
}

test('a check - of a copy whose database does not answer fails, and leaves room for others', async () => {
  const shard = filled(['a', 'b']);
  shard.copies[1]!.isSilent = true;
  const request = { shard: 0, maxBytesPerSecond: 0, throughSeq: shard.lastSeq, buckets: 64, chosen: Buffer.alloc(0) };
  const scan = async () => {
    for await (const _ of shard.client.scanCopy('b', request));
  };
  const read = async () => {
    await shard.client.readCopy('b', { shard: 0, keys: ['key 1'], minSeq: 0, newestWrites: 0 });
  };
  // More than may be under way at a time.
  for (const call of [scan, read]) {
    const first = await Promise.allSettled(Array.from({ length: 8 }, call));
    for (const outcome of [...first, ...(await Promise.allSettled([call()]))])
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_UNAVAILABLE' } });
  }
  shard.copies[1]!.isSilent = false;
  await scan();
  await read();
});
