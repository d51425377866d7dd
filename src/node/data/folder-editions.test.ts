/** Old copies of a data directory, and every step at which a process may end while it begins an edition. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CopiedFolders, ProcessEnded, type Run } from './copied-folders.fixture.js';

let base: string;
let folders: CopiedFolders;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'kvnode-editions-'));
  folders = new CopiedFolders(base);
});
afterEach(async () => {
  await folders.killAll();
  await rm(base, { recursive: true, force: true });
});

describe('an old copy of a data directory', () => {
  test('is recognised if the folder was used since, and the folder is then the older one', async () => {
    await folders.startAndStop();
    await folders.copy('data', 'copy');
    expect(await folders.startAndStop()).toBe(false);
    expect(await folders.startAndStop('copy')).toBe(true);
    expect(await folders.startAndStop()).toBe(true);
  });

  test('that was made while the node ran is recognised after a planned stop', async () => {
    const run = await folders.start();
    await folders.copy('data', 'copy');
    await run.stop();
    expect(await folders.startAndStop('copy')).toBe(true);
  });

  test('that was made while the node ran is recognised once an edition has begun since, however the process ends', async () => {
    const run = await folders.start();
    await folders.copy('data', 'copy');
    await run.editions.advance();
    await run.kill();
    expect(await folders.startAndStop('copy')).toBe(true);
  });

  test('is none if nothing has used the folder since: it was moved, and the folder that was left behind is the old one', async () => {
    await folders.startAndStop();
    await folders.copy('data', 'moved');
    expect(await folders.startAndStop('moved')).toBe(false);
    expect(await folders.startAndStop()).toBe(true);
  });

  test('stays recognised until its replicas have new ids', async () => {
    await folders.startAndStop();
    await folders.copy('data', 'copy');
    await folders.startAndStop();
    await (await folders.start('copy')).kill();
    expect(await folders.startAndStop('copy')).toBe(true);
  });

  test('of before there were editions is recognised, and the first start with a version that has them is not', async () => {
    await folders.useWithoutEditions();
    await folders.copy('data', 'copy');
    expect(await folders.startAndStop()).toBe(false);
    expect(await folders.startAndStop('copy')).toBe(true);
  });

  test('while a node runs, that node writes no edition over the one of the copy', async () => {
    await folders.startAndStop();
    await folders.copy('data', 'copy');
    const run = await folders.start('copy');
    const other = await folders.start();
    const { stored } = folders.register;
    await run.editions.advance();
    await run.stop();
    expect(folders.register.stored).toEqual(stored);
    await other.stop();
    expect([await folders.startAndStop('copy'), await folders.startAndStop()]).toEqual([true, true]);
  });
});

test('of two copies that start at the same time with the same edition, one is the old one, also after it was killed', async () => {
  await folders.startAndStop();
  await folders.copy('data', 'copy');
  let first: Run | undefined;
  folders.register.before = async () => {
    first = await folders.start('copy');
  };
  const second = await folders.start();
  expect([first?.isOldCopy, second.isOldCopy]).toEqual([false, true]);
});

test('a copy that ended between its folder and ZooKeeper is recognised, although it has the same number', async () => {
  await folders.startAndStop();
  await folders.copy('data', 'copy');
  folders.register.before = () => {
    throw new ProcessEnded();
  };
  await expect(folders.start('copy')).rejects.toThrow(ProcessEnded);
  const run = await folders.start();
  expect(run.isOldCopy).toBe(false);
  await run.kill();
  expect(await folders.startAndStop('copy')).toBe(true);
});

describe('a folder that was not copied is never taken for an old copy', () => {
  test.each(['before', 'after'] as const)('if the process ends %s the write to ZooKeeper, any number of times', async (when) => {
    await folders.startAndStop();
    for (let times = 1; times <= 3; times++) {
      folders.register[when] = () => {
        throw new ProcessEnded();
      };
      await expect(folders.start()).rejects.toThrow(ProcessEnded);
    }
    expect(await folders.startAndStop()).toBe(false);
  });

  test('if a process is killed, with an edition that it has begun on the way', async () => {
    const run = await folders.start();
    folders.register.after = () => {
      throw new ProcessEnded();
    };
    await run.editions.advance();
    await run.kill();
    expect(await folders.startAndStop()).toBe(false);
  });

  test('if the answer of ZooKeeper is lost', async () => {
    await folders.startAndStop();
    const { register } = folders;
    const { write } = register;
    register.write = async (...args) => (await write.call(register, ...args)) && false;
    expect(await folders.startAndStop()).toBe(false);
    register.write = write;
    expect(await folders.startAndStop()).toBe(false);
  });

  test('if ZooKeeper has lost its data, or was restored from an older copy', async () => {
    await folders.startAndStop();
    const { stored } = folders.register;
    await folders.startAndStop();
    folders.register.stored = stored;
    expect(await folders.startAndStop()).toBe(false);
    folders.register.stored = undefined;
    expect(await folders.startAndStop()).toBe(false);
    expect(await folders.startAndStop()).toBe(false);
  });

  test('if it is empty, because the disk was replaced', async () => {
    await folders.startAndStop();
    expect(await folders.startAndStop('new')).toBe(false);
  });
});

test('a node that has left for good leaves no edition in ZooKeeper', async () => {
  await (await folders.start()).stop(true);
  expect(folders.register.stored).toBeUndefined();
  expect(await folders.startAndStop()).toBe(false);
});
