/** Checks of what a node writes to its disk, for unbroken and edited modules. Each check throws if it finds a violation. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { DiskDataOptions } from '../../../src/node/data/disk-data-options.js';
import type { CrashCause, CrashMode } from '../../../src/storage/wal/crash.fixture.js';
import type { PreparedCheck } from './shell-checks.js';

type Check = Awaited<ReturnType<PreparedCheck>>;
type Fixture = typeof import('../../../src/node/data/disk-data.fixture.js');
type Replicas = typeof import('../../../src/node/data/test-replica.fixture.js');

/** A timer that never fires. */
const neverMs = 2 ** 31 - 1;

/** What the log has kept is found after a crash at each of its file operations. */
export function keepsWhatItPromises(mode: CrashMode, cause: CrashCause): PreparedCheck {
  return async () => {
    const { crashAtEachOperation } = await import('../../../src/storage/wal/crash.fixture.js');
    return async () => void (await crashAtEachOperation(mode, cause));
  };
}

/** A flush of the log fails once. The kernel drops what it was to write, and reports the next flush as a success. */
export function losesNothingByAFailedFlush(mode: CrashMode): PreparedCheck {
  return async () => {
    const { MemoryFiles } = await import('../../../src/storage/wal/memory-files.fixture.js');
    const { payloadOf, replicaOf, scanAll, TestLog } = await import('../../../src/storage/wal/wal.fixture.js');
    return async () => {
      const files = new MemoryFiles();
      const options = mode === 'always' ? {} : { syncIntervalMs: neverMs };
      const opened = await TestLog.open(files, options);
      const journal = opened.journal(replicaOf(0));
      await journal.append(1, payloadOf('kept'), 1, 'flushed');
      let failures = 0;
      files.before = (operation, path) => {
        if (operation === 'flush' && path.endsWith('.wal') && failures++ === 0) throw new Error('the device is broken');
      };
      const promised = ['kept'];
      for (const [index, text] of ['lost', 'later'].entries()) {
        const kept = journal.append(1, payloadOf(text, 600), index + 2);
        void (mode === 'always' ? kept : kept.then(() => opened.log.flush())).then(() => promised.push(text));
      }
      await Promise.race([opened.log.flush(), opened.log.failure]);
      for (let turn = 0; turn < 20; turn++) await nextTurn();
      expect(failures).toBeGreaterThan(0);
      const found = scanAll(files.afterPowerLoss(() => false)).records.map(({ payload }) => payload);
      expect(found).toHaveLength(promised.length);
    };
  };
}

/** Runs a check on data in a folder, whose modules are imported anew. */
function onFolders(run: (fixture: Fixture, replicas: Replicas, folders: InstanceType<Fixture['TestFolders']>) => Promise<void>) {
  return async (): Promise<Check> => {
    const fixture = await import('../../../src/node/data/disk-data.fixture.js');
    const replicas = await import('../../../src/node/data/test-replica.fixture.js');
    return async () => {
      const folders = new fixture.TestFolders();
      try {
        await run(fixture, replicas, folders);
      } finally {
        await folders.removeAll();
      }
    };
  };
}

/** A restart after writes may have been lost, by options of the data or by a change of the log's files. */
export function takesNewIdentities(spoil: (path: string) => Partial<DiskDataOptions>): PreparedCheck {
  return onFolders(async (_, { TestReplica, writing }, folders) => {
    const path = folders.create();
    const replica = TestReplica.create(await folders.open(path), 0);
    replica.setEpoch(1);
    for (const key of ['a', 'b', 'c']) {
      replica.append([writing(key, `the value of ${key}`)]);
      await replica.durable;
    }
    await folders.newest.close(true);
    const { recovered } = await folders.open(path, spoil(path));
    expect(recovered.map(({ shard }) => shard)).toEqual([0]);
    expect(recovered[0]!.replicaId).not.toBe(replica.replicaId);
  });
}

/** A folder whose process was not stopped in order before the machine started anew. */
export async function noticesARestartOfTheMachine(): Promise<Check> {
  const { DataFolder } = await import('../../../src/node/data/data-folder.js');
  return async () => {
    const path = mkdtempSync(join(tmpdir(), 'kvnode-variant-folder-'));
    try {
      const times = { beaconMs: 150, leaseMs: 1_000, graceMs: 1_250, syncIntervalMs: 1_000 };
      const counts = { formatVersion: 6, shards: 4, replicas: 3, vnodes: 64, minInSync: 1 };
      const cluster = { clusterId: 'c', durability: 'interval', ...counts, ...times } as const;
      const first = await DataFolder.open(path);
      await first.claim({ nodeId: 'a', cluster });
      await first.began();
      await first.close(false);
      writeFileSync(join(path, 'run.json'), JSON.stringify({ bootId: 'an-earlier-one', clean: false }));
      const second = await DataFolder.open(path);
      const { mayLackUnflushed } = second;
      await second.close(false);
      expect(mayLackUnflushed).toBe(true);
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  };
}

/** A log that is flushed at intervals: what changes the epoch is flushed before it counts as durable. */
export function flushesEpochs(): PreparedCheck {
  return onFolders(async (_, { TestReplica }, folders) => {
    const { notingFiles, threadOn } = await import('../../../src/storage/wal/wal.fixture.js');
    const operations: ('write' | 'flush')[] = [];
    const log = { syncIntervalMs: neverMs, startThread: () => threadOn(notingFiles(operations)) };
    const data = await folders.open(folders.create(), { log });
    const replica = TestReplica.create(data, 0);
    await replica.durable;
    operations.length = 0;
    replica.setEpoch(1);
    await replica.durable;
    expect(operations.at(-1)).toBe('flush');
  });
}

/** An idle replica beside one whose keys are overwritten until segments were removed. */
export function keepsAnIdleReplica(): PreparedCheck {
  return onFolders(async ({ expectFound, overwrite, smallLog }, { TestReplica, writing }, folders) => {
    const path = folders.create();
    const data = await folders.open(path, smallLog);
    const [busy, idle] = [TestReplica.create(data, 0), TestReplica.create(data, 1)];
    idle.setEpoch(1);
    idle.append([writing('old', 'value')]);
    idle.apply();
    busy.setEpoch(1);
    for (let round = 0; round < 4; round++) {
      await overwrite(busy, 500_000);
      const found = await folders.open(folders.copyOf(path), smallLog);
      expect(found.recovered.map(({ shard }) => shard)).toEqual([0, 1]);
      for (const [index, replica] of [busy, idle].entries()) await expectFound(found.recovered[index]!, replica);
      await found.close(false);
    }
  });
}

/** A replica leaves, and another one of its shard begins. */
export function revivesNoReplica(): PreparedCheck {
  return onFolders(async (_, { TestReplica, writing }, folders) => {
    const path = folders.create();
    const data = await folders.open(path);
    const replica = TestReplica.create(data, 0);
    replica.append([writing('a', 'old')]);
    await replica.durable;
    data.discard(0, replica.replicaId);
    const next = TestReplica.create(data, 0);
    next.append([writing('a', 'new')]);
    await next.durable;
    const { recovered } = await folders.open(folders.copyOf(path));
    expect(recovered.map(({ replicaId }) => replicaId)).toEqual([next.replicaId]);
  });
}

/** The calls of the file system that a snapshot file makes until it counts as complete. */
export async function flushesTheNameOfASnapshot(): Promise<Check> {
  const calls: string[] = [];
  const real = await vi.importActual<typeof import('node:fs')>('node:fs');
  const recorded = <Name extends 'openSync' | 'fdatasyncSync' | 'fsyncSync' | 'renameSync'>(name: Name) => ({
    [name]: (...args: unknown[]) => {
      calls.push(name);
      return (real[name] as (...args: unknown[]) => unknown)(...args);
    },
  });
  const names = ['openSync', 'fdatasyncSync', 'fsyncSync', 'renameSync'] as const;
  vi.doMock('node:fs', () => Object.assign({}, real, ...names.map(recorded)));
  const { SnapshotFile } = await import('../../../src/storage/snapshots/snapshot-file.js');
  vi.doUnmock('node:fs');
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvnode-variant-snapshot-'));
    try {
      const file = new SnapshotFile(join(folder, 'a'));
      file.append(Buffer.from('content'));
      file.finish(Buffer.from('end'));
      expect(calls).toEqual(['openSync', 'fdatasyncSync', 'renameSync', 'openSync', 'fsyncSync']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

/** The calls that replace a small file of the data directory. */
export async function flushesTheNameOfASmallFile(): Promise<Check> {
  const calls: string[] = [];
  const real = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  const open: typeof real.open = async (...args) => {
    const file = await real.open(...args);
    const sync = file.sync.bind(file);
    file.sync = () => {
      calls.push('sync');
      return sync();
    };
    return file;
  };
  const rename: typeof real.rename = (...args) => {
    calls.push('rename');
    return real.rename(...args);
  };
  vi.doMock('node:fs/promises', () => ({ ...real, open, rename }));
  const { replaceFile } = await import('../../../src/node/data/durable-file.js');
  vi.doUnmock('node:fs/promises');
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvnode-variant-file-'));
    try {
      await replaceFile(join(folder, 'a'), 'content');
      expect(calls).toEqual(['sync', 'rename', 'sync']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}
