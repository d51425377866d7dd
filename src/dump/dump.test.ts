import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maxTtlMs } from '../limits.js';
import { DumpDamagedError, DumpEncoder, type DumpedShard, type DumpRecord, dumpFormatVersion, readDump } from './index.js';

const header = {
  formatVersion: dumpFormatVersion,
  clusterId: 'one',
  shards: 2,
  createdAt: '2026-11-21T00:00:00.000Z',
  softwareVersion: '1',
};

const someRecords: DumpRecord[] = [
  { key: 'a', value: Buffer.from([0, 255, 10]), version: 1 },
  { key: '\u{1f511}', value: Buffer.alloc(0), version: 2 ** 53 - 1 },
  { key: 'expires', value: Buffer.from('soon'), version: 3, ttlMs: 1 },
  { key: 'late', value: Buffer.alloc(0), version: 4, ttlMs: maxTtlMs },
  { key: 'k'.repeat(1_024), value: Buffer.alloc(100_000, 7), version: 77 },
];

const positions: readonly DumpedShard[] = [
  { shard: 1, history: 'h1', epoch: 3, seq: 77 },
  { shard: 0, history: 'h0', epoch: 1, seq: 2 ** 53 - 1 },
];

/** All records are of the first shard that is named. */
function fileOf(records: readonly DumpRecord[], more: Partial<typeof header> = {}, shards = positions): Buffer {
  const encoder = new DumpEncoder();
  const [first, ...others] = shards.map((shard) => () => encoder.shard(shard));
  const begin = [encoder.header({ ...header, ...more }), first?.() ?? Buffer.alloc(0)];
  return Buffer.concat([...begin, encoder.encode(records), ...others.map((shard) => shard()), encoder.end()]);
}

function fileWithHeader(odd: unknown): Buffer {
  const encoder = new DumpEncoder();
  return Buffer.concat([encoder.header(odd as typeof header), encoder.end()]);
}

async function read(file: Buffer, chunkBytes = 1_000): Promise<DumpRecord[]> {
  const chunks = Array.from({ length: Math.ceil(file.length / chunkBytes) }, (_, index) =>
    file.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
  const records: DumpRecord[] = [];
  for await (const record of (await readDump(Readable.from(chunks))).records) records.push(record);
  return records;
}

describe('dump format', () => {
  test('a written dump is read again, in chunks of any size', async () => {
    for (const chunkBytes of [1, 7, 4_096, 1_000_000]) expect(await read(fileOf(someRecords), chunkBytes)).toEqual(someRecords);
    expect(await read(fileOf([]))).toEqual([]);
    expect((await readDump(Readable.from([fileOf([])]))).header).toEqual(header);
  });

  test('a file that was truncated anywhere is refused', async () => {
    const file = fileOf(someRecords.slice(0, 2));
    for (let length = 0; length < file.length; length++)
      await expect(read(file.subarray(0, length)), `${length} bytes`).rejects.toThrow(DumpDamagedError);
  });

  test('a file in which any bit was flipped is refused', async () => {
    const file = fileOf(someRecords);
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.nat(7), async (at, bit) => {
        const flipped = Buffer.from(file);
        flipped[at]! ^= 1 << bit;
        await expect(read(flipped, 8_192)).rejects.toThrow(DumpDamagedError);
      }),
      { numRuns: 300 },
    );
  });

  test('a record that was lost, repeated or moved is detected at the end', async () => {
    const [one, two] = someRecords as [DumpRecord, DumpRecord];
    const plain = fileOf([one, two]);
    const encoder = new DumpEncoder();
    const start = encoder.header(header).length + encoder.shard(positions[0]!).length;
    const frames = [one, two].map((record) => encoder.encode([record]));
    const end = plain.subarray(start + frames[0]!.length + frames[1]!.length);
    const file = (...parts: Buffer[]): Buffer => Buffer.concat([plain.subarray(0, start), ...parts, end]);
    await expect(read(file(frames[0]!, frames[1]!))).resolves.toHaveLength(2);
    await expect(read(file(frames[1]!, frames[0]!))).rejects.toThrow('the checksum of the whole file does not match');
    await expect(read(file(frames[1]!))).rejects.toThrow('it has 1 records, and 2 were written');
    await expect(read(Buffer.concat([plain, Buffer.from('x')]))).rejects.toThrow('bytes follow after its end');
  });

  test('the error has the place of the damage, and the records before it are read', async () => {
    const file = fileOf(someRecords);
    const encoder = new DumpEncoder();
    const begin = [encoder.header(header), encoder.shard(positions[0]!), encoder.encode(someRecords.slice(0, 1))];
    const second = Buffer.concat(begin).length;
    file[second + 6]! ^= 1;
    const { records } = await readDump(Readable.from([file]));
    expect((await records.next()).value).toEqual(someRecords[0]);
    await expect(records.next()).rejects.toMatchObject({ atByte: second });
  });

  test('a file of version 1 or 2, which has no positions, is read', async () => {
    expect(await read(fileOf(someRecords, { formatVersion: 2 }, []))).toEqual(someRecords);
    const old = someRecords.filter(({ ttlMs }) => ttlMs === undefined);
    expect(await read(fileOf(old, { formatVersion: 1 }, []))).toEqual(old);
  });

  test('after the last record the positions of the shards are known, and what identifies the file', async () => {
    const file = fileOf(someRecords);
    const reading = await readDump(Readable.from([file]));
    for await (const _ of reading.records);
    expect(reading.shards).toEqual(positions);
    expect(reading.digest).toBe(createHash('sha256').update(file.subarray(0, -49)).digest('hex'));
  });

  test.each([
    ['a shard that is missing', positions.slice(0, 1), 'it has 1 of 2 shards'],
    ['a shard that is there twice', [...positions, positions[0]!], 'shard 1 is there twice'],
    ['a shard that the cluster has not', [{ ...positions[0]!, shard: 2 }], 'none of 2'],
    ['a record of no shard', [], 'a record is of no shard'],
    ['a position that is none', [{ ...positions[0]!, seq: -1 }], 'the position of a shard is not valid'],
  ])('%s is refused', async (_, shards, problem) => {
    await expect(read(fileOf(someRecords, {}, shards))).rejects.toThrow(problem);
  });

  test('a TTL that no node accepts is refused before it is sent', async () => {
    for (const ttlMs of [0, maxTtlMs + 1])
      await expect(read(fileOf([{ ...someRecords[0]!, ttlMs }]))).rejects.toThrow('the TTL of a record is not valid');
  });

  test('a key that no node accepts is refused before it is sent', async () => {
    for (const key of ['', 'k'.repeat(1_025)]) {
      const encoder = new DumpEncoder();
      const begin = [
        encoder.header(header),
        encoder.shard(positions[0]!),
        encoder.encode([{ key, value: Buffer.alloc(0), version: 1 }]),
      ];
      await expect(read(Buffer.concat([...begin, encoder.end()]))).rejects.toThrow('the key of a record is not valid');
    }
  });

  test('another version of the format and a file that is not a dump have different errors', async () => {
    await expect(read(fileOf([], { formatVersion: 4 }))).rejects.toThrow('its format has version 4');
    for (const odd of [null, 1, [], 'text', {}])
      await expect(read(fileWithHeader(odd)), JSON.stringify(odd)).rejects.toThrow('its header does not have a version');
    await expect(read(Buffer.from('PK\x03\x04 something else'))).rejects.toThrow('does not begin as a dump');
  });
});
