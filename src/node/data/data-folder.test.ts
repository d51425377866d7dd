import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packageVersion } from '../../version.js';
import { cluster } from './cluster-config.fixture.js';
import { DataFolder } from './data-folder.js';

const identity = { nodeId: 'node-a', cluster };
const bootFile = '/proc/sys/kernel/random/boot_id';

let base: string;
let path: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'kvnode-data-folder-'));
  path = join(base, 'deep', 'data');
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** One run of a node, to its planned stop. */
async function use(folder = path): Promise<void> {
  const opened = await DataFolder.open(folder);
  await opened.claim(identity);
  await opened.began();
  await opened.close(true);
}

/** Writes `run.json` as a process of another start of the machine left it. */
async function asOfEarlierBoot(clean: boolean): Promise<void> {
  await writeFile(join(path, 'run.json'), JSON.stringify({ bootId: 'an-earlier-one', clean }));
}

function refusal(folder = path): Promise<string> {
  return DataFolder.open(folder).then(
    async (opened) => {
      await opened.close(false);
      return 'opened';
    },
    (error: unknown) => {
      expect(error).toMatchObject({ code: 'DATA_UNAVAILABLE' });
      return (error as Error).message;
    },
  );
}

describe('data folder - identity', () => {
  test('a missing folder is created, and belongs to the node that claims it from then on', async () => {
    const first = await DataFolder.open(path);
    expect(first.identity).toBeUndefined();
    await first.claim(identity);
    await first.began();
    await first.close(true);
    const second = await DataFolder.open(path);
    expect(second.identity).toEqual(identity);
    await second.close(false);
  });

  test('a newer format that the cluster takes into use is in the folder at the next start, also if it came while the folder was claimed', async () => {
    const folder = await DataFolder.open(path);
    const claiming = folder.claim(identity);
    const raising = folder.raiseFormat(cluster.formatVersion + 1);
    await claiming;
    expect(folder.identity?.cluster.formatVersion).toBe(cluster.formatVersion);
    await Promise.all([raising, folder.raiseFormat(8), folder.raiseFormat(cluster.formatVersion + 1)]);
    expect(folder.identity).toEqual({
      nodeId: 'node-a',
      cluster: { ...cluster, formatVersion: 8, kvnodeVersion: packageVersion() },
    });
    await folder.close(false);
    await folder.raiseFormat(9);
    const next = await DataFolder.open(path);
    expect(next.identity?.cluster.formatVersion).toBe(8);
    await next.close(false);
  });

  test('a format that cannot be recorded is reported, and the folder still names the one before', async () => {
    const folder = await DataFolder.open(path);
    await folder.claim(identity);
    await mkdir(join(path, 'kvnode.json.tmp'));
    await expect(folder.raiseFormat(cluster.formatVersion + 1)).rejects.toMatchObject({ code: 'DATA_UNAVAILABLE' });
    expect(folder.identity?.cluster.formatVersion).toBe(cluster.formatVersion);
    await folder.close(false);
  });

  test('another node and another cluster are refused, and change nothing', async () => {
    await use();
    const before = await readFile(join(path, 'kvnode.json'), 'utf8');
    const folder = await DataFolder.open(path);
    await expect(folder.claim({ nodeId: 'node-b', cluster })).rejects.toThrow(/data of node node-a.*--id node-a/);
    const other = { nodeId: 'node-a', cluster: { ...cluster, clusterId: 'c2' } };
    await expect(folder.claim(other)).rejects.toThrow(/data of cluster c1, and ZooKeeper holds cluster c2/);
    await folder.close(false);
    expect(await readFile(join(path, 'kvnode.json'), 'utf8')).toBe(before);
  });

  test('the kind of its database stays the same, and a version that knows no databases refuses it', async () => {
    const first = await DataFolder.open(path);
    await first.claim(identity, 'lmdb');
    const { database } = first.identity!;
    expect(database).toMatchObject({ kind: 'lmdb', folderId: expect.stringMatching(/^[0-9a-f]{16}$/) });
    await first.close(false);
    expect(JSON.parse(await readFile(join(path, 'kvnode.json'), 'utf8'))).toMatchObject({ format: 2, database });
    const second = await DataFolder.open(path);
    await expect(second.claim(identity)).rejects.toThrow(/with --state lmdb, and this one has --state memory/);
    await second.claim(identity, 'lmdb');
    expect(second.identity?.database).toEqual(database);
    await second.close(false);
  });

  test.each([
    ['{"format": 1, "nodeId": "node-a", "cluster": CLUSTER, "database": {"kind": "other"}}', /damaged: it names no database/],
    ['{"format": 3, "nodeId": "node-a"}', /newer version of kvnode, in format 3.*Start the newer version/],
    ['{"format": 1, "nodeId": "node-a", "cluster": {"shards": 0}}', /kvnode\.json is damaged.*formatVersion/],
    ['{"format": 1', /kvnode\.json is damaged: it is not a JSON object/],
    ['{"nodeId": "node-a"}', /kvnode\.json names no format/],
  ])('kvnode.json %s is refused', async (text, reason) => {
    await use();
    await writeFile(join(path, 'kvnode.json'), text.replace('CLUSTER', JSON.stringify(cluster)));
    expect(await refusal()).toMatch(reason);
  });

  test('a folder of something else is refused, and one in which only kvnode.json is missing, too', async () => {
    await use();
    await rm(join(path, 'kvnode.json'));
    expect(await refusal()).toMatch(/kvnode\.json is missing.*Restore the whole folder/);
    await writeFile(join(path, 'holiday.jpg'), '');
    expect(await refusal()).toMatch(/not one of kvnode: it contains holiday\.jpg.*empty folder/);
  });

  test('a new file system with its folder lost+found is as good as empty', async () => {
    const volume = join(base, 'volume');
    await mkdir(join(volume, 'lost+found'), { recursive: true });
    expect(await refusal(volume)).toBe('opened');
  });

  test('a path that cannot be a folder is refused with the reason', async () => {
    const file = join(base, 'file');
    await writeFile(file, '');
    expect(await refusal(file)).toContain(`--data-dir ${file}: cannot create the folder`);
    expect(await refusal(join(file, 'below'))).toContain('a part of the path is not a folder');
    const loop = join(base, 'loop');
    await symlink(loop, loop);
    expect(await refusal(loop)).toContain('cannot create the folder');
  });

  test('the folder and its files are readable by their owner only', async () => {
    await use();
    const modes = await Promise.all(['kvnode.json', 'run.json', 'lock'].map(modeOf));
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });

  async function modeOf(name: string): Promise<number> {
    return (await stat(join(path, name))).mode & 0o777;
  }
});

describe('data folder - lock', () => {
  test('a second process is refused, and the message names the first', async () => {
    const first = await DataFolder.open(path);
    expect(await refusal()).toMatch(new RegExp(`another node uses this folder, process ${process.pid} on .* since 2`));
    await first.close(false);
    expect(await refusal()).toBe('opened');
  });

  test('the lock of a killed process is free', async () => {
    await use();
    // The shell opens the file, and has it locked as a node does.
    const holder = spawn('sh', ['-c', `exec 3>>'${join(path, 'lock')}'; flock -n -x 3 && echo locked && exec sleep 600`]);
    try {
      await once(holder.stdout, 'data');
      expect(await refusal()).toContain('another node uses this folder');
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'close');
    }
    expect(await refusal()).toBe('opened');
  });
});

describe('data folder - how the last run ended', () => {
  test('nothing is missing after a planned stop, or while the machine has not stopped', async () => {
    const first = await DataFolder.open(path);
    expect(first.mayLackUnflushed).toBe(false);
    await first.claim(identity);
    await first.began();
    // The process is killed.
    await first.close(false);
    expect(await mayLack()).toBe(false);
    await use();
    await asOfEarlierBoot(true);
    expect(await mayLack()).toBe(false);
  });

  test('writes may be missing after the machine has stopped during a run, or if that is not known', async () => {
    await use();
    await asOfEarlierBoot(false);
    expect(await mayLack()).toBe(true);
    await rm(join(path, 'run.json'));
    expect(await mayLack()).toBe(true);
  });

  test('that stays known until the data is recovered, however often the process dies before', async () => {
    await use();
    await asOfEarlierBoot(false);
    for (let attempt = 0; attempt < 2; attempt++) {
      const dies = await DataFolder.open(path);
      expect(dies.mayLackUnflushed).toBe(true);
      await dies.claim(identity);
      await dies.close(true);
    }
    const recovers = await DataFolder.open(path);
    await recovers.claim(identity);
    await recovers.began();
    await recovers.close(false);
    expect(await mayLack()).toBe(false);
  });

  test('a run after a planned stop is not taken for stopped in order, from before it writes', async () => {
    await use();
    const bootId = (await readFile(bootFile, 'utf8')).trim();
    expect(JSON.parse(await readFile(join(path, 'run.json'), 'utf8'))).toEqual({ bootId, clean: true });
    const running = await DataFolder.open(path);
    await running.claim(identity);
    expect(JSON.parse(await readFile(join(path, 'run.json'), 'utf8'))).toEqual({ bootId, clean: false });
    await running.close(false);
    expect((await readdir(path)).sort()).toEqual(['kvnode.json', 'lock', 'run.json']);
  });

  async function mayLack(): Promise<boolean> {
    const folder = await DataFolder.open(path);
    const { mayLackUnflushed } = folder;
    await folder.close(false);
    return mayLackUnflushed;
  }
});
