import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startZooKeeper } from '../../local/zookeeper.js';
import { findZookeeper } from '../../local/zookeeper-installation.js';
import { EventLog } from '../../src/coordination/znode-client.conformance.js';
import { ZookeeperClient } from '../../src/coordination/zookeeper/zookeeper-client.js';
import { foldersNamed, startInAnotherProcess, untilDeleted } from './support/launchers.js';

const sessionMs = 4_000;
const startupTimeoutMs = 30_000;
const empty = Buffer.alloc(0);
const prefix = 'kvnode-zookeeper-';
const program = `
  const { startZooKeeper } = await load('./local/zookeeper.ts');
  print((await startZooKeeper()).address);
`;

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
    const before = await foldersNamed(prefix);
    const zookeeper = await startZooKeeper();
    const folder = (await foldersNamed(prefix)).find((name) => !before.includes(name)) ?? '';
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
    const { parent, printed: address, folder } = await startInAnotherProcess(prefix, program);
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
