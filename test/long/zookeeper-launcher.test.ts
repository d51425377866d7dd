import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startZooKeeper } from '../../local/zookeeper.js';
import { findZookeeper } from '../../local/zookeeper-installation.js';
import { EventLog } from '../../src/coordination/znode-client.conformance.js';
import { ZookeeperClient } from '../../src/coordination/zookeeper/zookeeper-client.js';

const repository = dirname(dirname(import.meta.dirname));
const sessionMs = 4_000;
const startupTimeoutMs = 30_000;
const empty = Buffer.alloc(0);

async function folders(): Promise<string[]> {
  const names = await readdir(tmpdir());
  return names.filter((name) => name.startsWith('kvnode-zookeeper-')).map((name) => join(tmpdir(), name));
}

/** Resolves when the folder has been deleted. */
async function untilDeleted(folder: string): Promise<void> {
  const watcher = watch(tmpdir());
  try {
    while (existsSync(folder)) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}

async function connected(address: string): Promise<Socket> {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect');
  return socket;
}

afterEach(() => vi.unstubAllEnvs());

describe('local ZooKeeper', () => {
  it('serves, keeps its data across an outage, and leaves nothing behind', async () => {
    vi.stubEnv('KVNODE_ZK', '');
    const before = await folders();
    const zookeeper = await startZooKeeper();
    const folder = (await folders()).find((name) => !before.includes(name)) ?? '';
    const client = await ZookeeperClient.connect({ servers: zookeeper.address, sessionMs, startupTimeoutMs });
    const log = new EventLog(client);
    await client.create('/a', empty, 'persistent');
    const own = await client.create('/n_', empty, 'ephemeralSequential');

    await zookeeper.stopServer();
    await log.until('suspended');
    await zookeeper.startServer();
    await log.until('connected');
    expect(log.events).toEqual(['suspended', 'connected']);
    expect(await client.stat('/a', { watch: false })).toBeDefined();
    expect(await client.stat(own.kind === 'created' ? own.path : '', { watch: false })).toBeDefined();

    await client.close();
    await Promise.all([zookeeper.stop(), zookeeper.stop()]);
    expect(existsSync(folder)).toBe(false);
    await expect(connected(zookeeper.address)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(zookeeper.startServer()).rejects.toThrow(/stopped for good/);
  });

  it('a client outlives a server that is killed under load, again and again', async () => {
    vi.stubEnv('KVNODE_ZK', '');
    const zookeeper = await startZooKeeper();
    const clients = await Promise.all(
      [1, 2, 3].map(() => ZookeeperClient.connect({ servers: zookeeper.address, sessionMs, startupTimeoutMs })),
    );
    let busy = true;
    const load = clients.map(async (client) => {
      while (busy) {
        const calls = Array.from({ length: 20 }, () => client.stat('/', { watch: true }).catch(() => undefined));
        await Promise.all(calls);
        // Requests are written in turns in which an answer, or the end of the connection, may wait to be read.
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    for (let round = 0; round < 5; round += 1) {
      const logs = clients.map((client) => new EventLog(client));
      await zookeeper.stopServer();
      await Promise.all(logs.map((log) => log.until('suspended')));
      await zookeeper.startServer();
      await Promise.all(logs.map((log) => log.until('connected')));
    }
    busy = false;
    await Promise.all(load);
    for (const client of clients) expect(await client.stat('/', { watch: false })).toBeDefined();
    await Promise.all(clients.map((client) => client.close()));
    await zookeeper.stop();
  });

  it('a paused server answers nothing, and then continues', async () => {
    vi.stubEnv('KVNODE_ZK', '');
    const zookeeper = await startZooKeeper();
    const client = await ZookeeperClient.connect({ servers: zookeeper.address, sessionMs: 1_000, startupTimeoutMs });
    const log = new EventLog(client);
    zookeeper.pauseServer();
    const lost = client.create('/a', empty, 'persistent');
    await expect(lost).rejects.toMatchObject({ executed: 'unknown' });
    await log.until('suspended');
    zookeeper.resumeServer();
    while (client.status !== 'connected') await log.next();
    expect(await client.stat('/', { watch: false })).toBeDefined();
    await client.close();
    await zookeeper.stop();
  });

  it('does not outlive a parent that SIGKILL ends', async () => {
    const { parent, address, folder } = await startInAnotherProcess();
    const socket = await connected(address);
    const cut = once(socket, 'close');
    socket.on('error', () => {});
    parent.kill('SIGKILL');
    await cut;
    await untilDeleted(folder);
    await expect(connected(address)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('uses the server that KVNODE_ZK names, and never stops it', async () => {
    vi.stubEnv('KVNODE_ZK', 'zk.example:2181');
    const zookeeper = await startZooKeeper();
    expect(zookeeper.address).toBe('zk.example:2181');
    await expect(zookeeper.stopServer()).rejects.toThrow(/cannot be stopped here/);
    await zookeeper.stop();
  });

  it.each([
    ['no Java', { PATH: '/nonexistent' }],
    ['no ZooKeeper at ZOOKEEPER_HOME', { PATH: process.env.PATH, ZOOKEEPER_HOME: '/nonexistent' }],
  ])('with %s the error names scripts/setup', async (_what, environment) => {
    await expect(findZookeeper(environment)).rejects.toThrow(/scripts\/setup/);
  });
});

/** Vite loads the TypeScript, since Node.js 20 cannot. */
const program = `
  import { runnerImport } from 'vite';
  const { module } = await runnerImport('./local/zookeeper.ts', { configFile: false, logLevel: 'silent' });
  const zookeeper = await module.startZooKeeper();
  process.stdout.write(zookeeper.address + '\\n');
`;

async function startInAnotherProcess(): Promise<{ parent: ChildProcess; address: string; folder: string }> {
  const before = await folders();
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: repository,
    env: { ...process.env, KVNODE_ZK: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const folder = (await folders()).find((name) => !before.includes(name)) ?? '';
  return { parent, address: line.toString().trim(), folder };
}
