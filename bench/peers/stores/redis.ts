/**
 * Redis, one master and two replicas, nothing on disk. There are two stores. In one the master alone acknowledges a
 * write. In the other each write is followed by WAIT 2, which is answered when both replicas have the write.
 */
import { Redis } from 'ioredis';
import { freePort } from '../../../local/free-port.js';
import { joinAddress, parseAddress } from '../../../src/config/index.js';
import { ServerGroup } from './server-group.js';
import type { PeerStore, RunningStore, StoreClient } from './store.js';

const host = '127.0.0.1';
const replicas = 2;
const needs = { program: 'redis-server', package: 'redis-server' } as const;

export const redis: PeerStore = {
  title: 'Redis, SET',
  note: 'Redis: a master and two replicas, no persistence; a write is acknowledged by the master alone, and a failover may lose it. Client ioredis, one connection, automatic pipelining.',
  needs,
  start,
  connect: ([address]) => connect(address!, (client, key, value) => client.set(key, value)),
};

export const redisWait: PeerStore = {
  title: 'Redis, SET + WAIT 2',
  note: 'Redis with WAIT: the same, and every SET is followed by WAIT 2 0 in the same pipeline; the write counts when both have answered. Fewer than two replicas count as a failure.',
  needs,
  start,
  connect: ([address]) => connect(address!, setAndWait),
};

async function setAndWait(client: Redis, key: string, value: Buffer): Promise<void> {
  const [, reached] = await Promise.all([client.set(key, value), client.wait(replicas, 0)]);
  if (reached < replicas) throw new Error(`only ${reached} replicas have it`);
}

async function connect(
  address: string,
  put: (client: Redis, key: string, value: Buffer) => Promise<unknown>,
): Promise<StoreClient> {
  const client = await open(parseAddress(address, 'the address of Redis').port);
  return {
    put: (key, value) => put(client, key, value),
    get: async (key) => (await client.getBuffer(key)) ?? undefined,
    close: async () => client.disconnect(),
  };
}

async function open(port: number): Promise<Redis> {
  const client = new Redis({ host, port, enableAutoPipelining: true, lazyConnect: true });
  await client.connect();
  return client;
}

function start(): Promise<RunningStore> {
  return ServerGroup.start('redis', async (group) => {
    const port = await freePort();
    await group.add('master', (folder) => command(port, folder));
    for (let replica = 1; replica <= replicas; replica += 1) {
      const own = await freePort();
      await group.add(`replica ${replica}`, (folder) => [...command(own, folder), '--replicaof', host, String(port)]);
    }
    await group.until('both replicas are online', () => bothOnline(port));
    return [joinAddress(host, port)];
  });
}

function command(port: number, folder: string): string[] {
  const options = {
    bind: host,
    port: String(port),
    dir: folder,
    save: '',
    appendonly: 'no',
    // A new replica gets its first copy at once.
    'repl-diskless-sync': 'yes',
    'repl-diskless-sync-delay': '0',
  };
  return [needs.program, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])];
}

async function bothOnline(port: number): Promise<boolean> {
  const client = new Redis({ host, port, lazyConnect: true, retryStrategy: null });
  client.on('error', () => {});
  try {
    await client.connect();
    const text = await client.info('replication');
    return text.match(/^slave\d+:.*state=online/gm)?.length === replicas;
  } finally {
    client.disconnect();
  }
}
