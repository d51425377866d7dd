/** Data on disk whose threads are the test's own. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect } from 'vitest';
import { supportedFormats } from '../../formats.js';
import type { Storage } from '../../storage/index.js';
import { snapshotThread } from '../../storage/snapshots/snapshot-thread.fixture.js';
import { realFiles } from '../../storage/wal/log-files.js';
import { threadOn } from '../../storage/wal/wal.fixture.js';
import { DiskData } from './disk-data.js';
import type { DiskDataOptions } from './disk-data-options.js';
import type { RecoveredShard } from './node-data.js';
import { type Item, nodeId, type TestReplica, writing } from './test-replica.fixture.js';

/** Folders of one test, and the data that is open in them. Call `removeAll` after each test. */
export class TestFolders {
  readonly #paths: string[] = [];
  readonly #opened: DiskData[] = [];

  /** Opens data that `removeAll` closes. */
  async open(...args: Parameters<typeof openDisk>): Promise<DiskData> {
    const data = await openDisk(...args);
    this.#opened.push(data);
    return data;
  }

  /** What was opened last. */
  get newest(): DiskData {
    return this.#opened.at(-1)!;
  }

  create(): string {
    const path = mkdtempSync(join(tmpdir(), 'kvnode-data-'));
    this.#paths.push(path);
    return path;
  }

  /** What a crash at this moment leaves. */
  copyOf(path: string): string {
    const copy = this.create();
    cpSync(path, copy, { recursive: true });
    return copy;
  }

  async removeAll(): Promise<void> {
    for (const data of this.#opened.splice(0)) await data.close(false);
    for (const path of this.#paths.splice(0)) rmSync(path, { recursive: true, force: true });
  }
}

function openDisk(path: string, options: Partial<DiskDataOptions> = {}): Promise<DiskData> {
  const { log, ...rest } = options;
  return DiskData.open({
    folder: { path, lockedMs: performance.now(), began: async () => {}, close: async () => {} },
    clusterId: 'cluster',
    nodeId,
    shardCount: 4,
    format: { inUse: supportedFormats.newest },
    mayLackWrites: false,
    log: { segmentBytes: 256 * 1024, startThread: () => threadOn(realFiles), ...log },
    retainEntries: 100,
    retainBytes: 1024 * 1024,
    logger: pino({ level: 'silent' }),
    snapshotThread: snapshotThread(),
    ...rest,
  });
}

/** Everything under its key. */
export async function itemsOf(storage: Storage): Promise<Map<string, Item>> {
  const items = new Map<string, Item>();
  const take: Parameters<Storage['scan']>[1] = (record) => {
    const { memory, keyStart, keyEnd, valueStart, valueEnd, version, expiresAtMs } = record;
    const value = memory.toString('latin1', valueStart, valueEnd);
    items.set(
      memory.toString('utf8', keyStart, keyEnd),
      expiresAtMs === undefined ? { value, version } : { value, version, expiresAtMs },
    );
  };
  for await (const _ of storage.scan(64 * 1024, take));
  return items;
}

/** Everything that a restart has found is what the replica had written, up to what it had applied at most. */
export async function expectFound({ shard, replica, storage }: RecoveredShard, written: TestReplica): Promise<void> {
  const { baseSeq, entries, runs, appliedSeq } = replica;
  expect(shard).toBe(written.shard);
  expect(replica.complete).toBe(written.complete);
  expect(baseSeq).toBeGreaterThanOrEqual(written.baseSeq);
  expect(entries).toEqual(written.entries.slice(baseSeq - written.baseSeq));
  for (const { seq, epoch } of entries) {
    expect(written.markAt(seq)).toMatchObject({ epoch });
    expect(runs.findLast(({ firstSeq }) => firstSeq <= seq) ?? { id: replica.baseEpochId }).toMatchObject({
      id: written.markAt(seq).id,
    });
  }
  expect(written.markAt(baseSeq)).toEqual({ epoch: replica.baseEpoch, id: replica.baseEpochId });
  expect(appliedSeq).toBeGreaterThanOrEqual(baseSeq);
  expect(appliedSeq).toBeLessThanOrEqual(written.appliedSeq);
  if (!written.complete) return;
  expect([...replica.requests].sort((one, other) => one.seq - other.seq)).toEqual(written.requestsAt(appliedSeq));
  expect(replica.timeMs).toBe(written.timeAt(appliedSeq));
  expect(await itemsOf(storage)).toEqual(written.itemsAt(appliedSeq));
  expect(storage.expiringCount).toBe([...written.itemsAt(appliedSeq).values()].filter((item) => 'expiresAtMs' in item).length);
}

/** Segments of 64 KiB, and a log that is to stay below a mebibyte. */
export const smallLog = { log: { segmentBytes: 64 * 1024, maxBytes: 1024 * 1024 } };

/** Overwrites a few keys again and again, about as many bytes. */
export async function overwrite(replica: TestReplica, bytes: number): Promise<void> {
  const value = 'v'.repeat(1_000);
  for (let written = 0; written < bytes; written += 20 * value.length) {
    replica.append(...Array.from({ length: 20 }, (_, key) => [writing(`key ${key}`, `${replica.lastSeq}${value}`)]));
    await replica.durable;
    replica.apply();
  }
}
