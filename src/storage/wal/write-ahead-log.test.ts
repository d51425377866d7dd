import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ForeignSegmentError, maxRecordBytes } from './index.js';
import { realFiles } from './log-files.js';
import { MemoryFiles } from './memory-files.fixture.js';
import { folder as memoryFolder, owner, payloadOf, replicaOf, scanAll, segmentBytes, TestLog } from './wal.fixture.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'kvnode-wal-'));
});
afterAll(() => rmSync(root, { recursive: true }));

describe.each([
  ['in memory', () => ({ files: new MemoryFiles(), folder: memoryFolder })],
  ['on disk', () => ({ files: realFiles, folder: mkdtempSync(join(root, 'log-')) })],
])('a log %s', (_, make) => {
  test('everything that is kept is found again, in order, through several segments and restarts', async () => {
    const { files, folder } = make();
    const replicas = [replicaOf(0), replicaOf(1), replicaOf(4_000, 1)];
    const expected: string[] = [];
    for (let start = 0; start < 4; start++) {
      const { log, journal } = await openWith(files, folder, replicas);
      for (let round = 0; round < 50; round++) {
        for (const replica of replicas) {
          const text = `${start}/${round}/${replica.shard}`;
          expected.push(text);
          journal(replica).append(round % 8, payloadOf(text), round + 1);
        }
        if (round % 3 === 0) await journal(replicas[0]!).append(200, payloadOf('', round * 20));
      }
      await log.close();
    }
    const { records, outcome } = scanAll(files, { folder });
    expect(records.filter(({ type }) => type < 200).map(({ payload }) => payload)).toEqual(expected);
    expect(outcome).toMatchObject({ kind: 'end', reason: '' });
    expect(outcome.segment).toBeGreaterThan(3);
  });
});

async function openWith(files: MemoryFiles | typeof realFiles, folder: string, replicas: ReturnType<typeof replicaOf>[]) {
  const opened = await TestLog.open(files, {}, replicas, { folder });
  return { log: opened.log, journal: (replica: (typeof replicas)[number]) => opened.journal(replica) };
}

test('a segment of another node is refused, and a file that is none is left alone', async () => {
  const files = new MemoryFiles();
  const opened = await TestLog.open(files);
  await opened.journal(replicaOf(0)).append(1, payloadOf('kept'));
  await opened.log.close();
  expect(() => scanAll(files, { owner: { ...owner, nodeId: 'other' } })).toThrow(ForeignSegmentError);
  files.close(files.open(`${memoryFolder}/notes.txt`, 'create'));
  expect(scanAll(files).scan.unknownFiles).toEqual(['notes.txt']);
});

test('a record that cannot fit into a segment is refused', async () => {
  const { journal } = await openWith(new MemoryFiles(), memoryFolder, []);
  const most = maxRecordBytes(segmentBytes);
  expect(() => journal(replicaOf(0)).append(1, payloadOf('', most))).toThrow(RangeError);
  await journal(replicaOf(0)).append(1, payloadOf('', most - 24));
});
