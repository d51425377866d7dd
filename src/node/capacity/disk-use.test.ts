import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultMaxDiskBytes, divideDisk, withinDisk } from './disk-budget.js';
import { MeasuredDisk } from './disk-use.js';
import { divideMemory } from './memory-budget.js';

const mebibyte = 1024 * 1024;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvnode-disk-use-'));
  await mkdir(join(folder, 'wal'));
  await writeFile(join(folder, 'wal', '1.wal'), Buffer.alloc(3_000));
  await writeFile(join(folder, 'kvnode.json'), Buffer.alloc(50));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function measured(maxBytes: number, path = folder): Promise<MeasuredDisk> {
  const disk = new MeasuredDisk(path, maxBytes);
  disk.close();
  await disk.measure();
  return disk;
}

test('disk use - counts every file of the folder, and is content while there is room', async () => {
  expect(await measured(10 * mebibyte)).toMatchObject({ bytes: 3_050, maxBytes: 10 * mebibyte, problem: undefined });
});

test('disk use - a full file system is a problem if the folder may still grow', async () => {
  // This file system of the kernel has no room, and nothing in it is a file with a size.
  expect((await measured(mebibyte, '/proc/self/attr')).problem).toContain(
    'has 0 bytes left; once it is full, writes are refused',
  );
  expect((await measured(0, '/proc/self/attr')).problem).toBeUndefined();
});

test('disk use - a folder that is gone is a problem', async () => {
  expect((await measured(mebibyte, join(folder, 'none'))).problem).toContain('cannot be measured');
});

test('disk budget - log, snapshots and the next snapshot of everything fit into the whole', () => {
  const { dataBytes, logBytes } = divideDisk(4 * 1024 * mebibyte);
  expect(logBytes + 2 * dataBytes).toBeLessThanOrEqual(4 * 1024 * mebibyte);
  // The log is as large as the data before a snapshot begins, and may grow while it is written.
  expect(logBytes).toBeGreaterThanOrEqual(2 * dataBytes);
});

test('disk budget - by default nine tenths of the room, with what the folder takes already', async () => {
  const { bavail, bsize } = await statfs(folder);
  const most = await defaultMaxDiskBytes(folder, 1024 * mebibyte);
  expect(most / (bavail * bsize + 1024 * mebibyte)).toBeCloseTo(0.9, 1);
});

test('disk budget - a full disk leaves a node what it needs at least', async () => {
  const { bavail, bsize } = await statfs(folder);
  expect(await defaultMaxDiskBytes(folder, -bavail * bsize)).toBe(1024 * mebibyte);
});

test('disk budget - data has to fit into the memory and onto the disk', () => {
  const memory = divideMemory(1024 * mebibyte, 16);
  expect(withinDisk(memory, undefined)).toEqual(memory);
  expect(withinDisk(memory, divideDisk(1024 * mebibyte))).toMatchObject({ dataBytes: 256 * mebibyte, isDiskBound: true });
  expect(withinDisk(memory, divideDisk(64 * 1024 * mebibyte))).toEqual(memory);
});
