/** HTTP as services and supervisors use it: requests and raw sockets at spawned nodes. */
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { shardOfKey } from '../../src/placement/index.js';
import { startCluster } from './support/cluster.js';
import { Stranger } from './support/stranger.js';

const shardCount = 4;

let cluster: LocalCluster;
let one: NodeProcess;
let other: NodeProcess;

beforeAll(async () => {
  // A busy node must not be mistaken for a dead one.
  const patient = ['--lease-ms', '5000', '--grace-ms', '6000', '--session-ms', '15000'];
  cluster = await startCluster({ nodes: 2, shards: shardCount, extra: ['--http-port', '0', ...patient] });
  [one, other] = cluster.nodes as [NodeProcess, NodeProcess];
});
afterAll(() => cluster?.kill());

/**
 * Retries after 503, as a service should: it promises that nothing was executed. The primary of a shard may change at
 * any time.
 */
async function ask(node: NodeProcess, path: string, init?: RequestInit): Promise<Response> {
  for (const endMs = performance.now() + 30_000; ; ) {
    const answer = await fetch(`http://${node.httpAddress}${path}`, init);
    if (answer.status !== 503 || performance.now() > endMs) return answer;
    expect(await answer.json()).toMatchObject({ executed: 'no' });
    await pause(20);
  }
}

/** Waits until the condition holds, as it does once no primary changes. */
async function eventually(holds: () => Promise<void>): Promise<void> {
  for (const endMs = performance.now() + 30_000; ; await pause(50)) {
    try {
      return await holds();
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
  }
}

async function getJson(node: NodeProcess, path: string): Promise<Record<string, unknown>> {
  const answer = await ask(node, path);
  expect([path, answer.status]).toEqual([path, 200]);
  return (await answer.json()) as Record<string, unknown>;
}

describe('any node answers for any key', () => {
  test('a value written at one node is read at another one, byte by byte, and over gRPC', async () => {
    await using client = await cluster.connect();
    for (let number = 0; number < 8; number++) {
      const key = `user/${number} ключ`;
      const path = `/api/kv/${encodeURIComponent(key)}`;
      const value = Buffer.from([number, 0, 255, 13, 10]);
      let answer: { version: number; node: string; replicas: string[] } | undefined;
      await eventually(async () => {
        const put = await ask(one, path, { method: number % 2 === 0 ? 'PUT' : 'POST', body: value });
        answer = (await put.json()) as NonNullable<typeof answer>;
        expect(put.headers.get('etag')).toBe(`"${answer.version}"`);
        expect(answer.replicas[0]).toBe(answer.node);
        expect([...answer.replicas].sort()).toEqual(cluster.nodes.map(({ id }) => id).sort());
      });
      const got = await ask(other, path);
      expect(Buffer.from(await got.arrayBuffer())).toEqual(value);
      expect([got.headers.get('etag'), got.headers.get('kv-node')]).toEqual([`"${answer!.version}"`, answer!.node]);
      expect(await client.get(key)).toMatchObject({ value, version: answer!.version });
    }
  });

  test('the primary judges a condition sent to any node, and a forwarded refusal names the primary', async () => {
    await eventually(async () => {
      const { shards } = await cluster.topology();
      const path = '/api/kv/condition';
      const etag = (await ask(one, path, { method: 'PUT', body: 'a' })).headers.get('etag')!;
      await ask(other, path, { method: 'PUT', body: 'b', headers: { 'if-match': etag } });
      const { primaryAddress } = shards[shardOfKey('condition', shardCount)]!;
      for (const node of cluster.nodes) {
        const refused = await ask(node, path, { method: 'DELETE', headers: { 'if-match': etag } });
        const problem = (await refused.json()) as { primaryAddress?: string };
        expect([refused.status, problem]).toMatchObject([412, { code: 'VERSION_MISMATCH', executed: 'no' }]);
        expect(problem.primaryAddress).toBe(node.address === primaryAddress ? undefined : primaryAddress);
        expect((await ask(node, path, { headers: { 'if-none-match': etag } })).status).toBe(200);
      }
    });
  });

  test('a key with the name of the list of nodes is an ordinary key', async () => {
    await using client = await cluster.connect();
    await client.put('workers', 'a key');
    expect(await (await ask(one, '/api/kv/%77orkers')).text()).toBe('a key');
    const { nodes } = (await getJson(one, '/api/kv/workers')) as { nodes: { id: string; httpAddress: string }[] };
    expect(nodes.map(({ id, httpAddress }) => [id, httpAddress])).toEqual(
      cluster.nodes.map((node) => [node.id, node.httpAddress]),
    );
    expect((await ask(one, '/api/kv/workers', { method: 'DELETE' })).status).toBe(405);
    expect(await (await ask(one, '/api/kv/%77orkers', { method: 'DELETE' })).json()).toMatchObject({ existed: true });
  });
});

describe('nodes and cluster', () => {
  test('any node lists the keys of a node, page by page; with as many copies as nodes each node holds every key', async () => {
    await using client = await cluster.connect();
    const keys = Array.from({ length: 60 }, (_, index) => `page/${index}`);
    for (const outcome of await client.mput(keys.map((key) => ({ key, value: 'v' })))) expect(outcome.ok).toBe(true);
    for (const asked of [one, other]) {
      // A backup may apply writes a moment later.
      await eventually(async () => {
        const found: string[] = [];
        for (let cursor = ''; ; ) {
          const page = await getJson(asked, `/api/kv/worker/${other.id}?limit=25${cursor}`);
          expect(page).toMatchObject({ id: other.id, version: expect.any(String) });
          const listed = page.keys as { shard: number; key: string }[];
          for (const { shard, key } of listed) expect(shardOfKey(key, shardCount)).toBe(shard);
          found.push(...listed.map(({ key }) => key));
          if (page.next === undefined) break;
          cursor = `&cursor=${page.next}`;
        }
        expect(found.filter((key) => key.startsWith('page/')).sort()).toEqual([...keys].sort());
      });
    }
  });

  test('every node reports the same cluster: its shards, their primaries, their in-sync sets', async () => {
    await eventually(async () => {
      const [here, there] = await Promise.all([getJson(one, '/api/cluster'), getJson(other, '/api/cluster')]);
      expect(here.shards).toEqual(there.shards);
      expect(here.shards).toHaveLength(shardCount);
      const ids = cluster.nodes.map(({ id }) => id).sort();
      for (const { inSync, serving, primary } of here.shards as { inSync: string[]; serving: boolean; primary: string }[]) {
        expect([[...inSync].sort(), serving]).toEqual([ids, true]);
        expect(ids).toContain(primary);
      }
      expect((here.nodes as object[]).map((node) => 'problem' in node)).toEqual([false, false]);
    });
  });

  test('every node is alive and ready, and its OpenAPI document describes every route', async () => {
    for (const node of cluster.nodes) {
      expect(await getJson(node, '/livez')).toEqual({ alive: true });
      await eventually(async () => expect(await getJson(node, '/readyz')).toEqual({ ready: true, reasons: [] }));
      const { paths } = (await getJson(node, '/api/openapi.json')) as { paths: object };
      const expected = ['/api/cluster', '/api/kv/worker/{id}', '/api/kv/workers', '/api/kv/{key}', '/livez', '/readyz'];
      for (const path of expected) expect(Object.keys(paths)).toContain(path);
    }
  });

  test('over gRPC and HTTP the largest value is the same', async () => {
    const largest = Buffer.alloc(1_048_576, 7);
    for (const node of cluster.nodes) {
      expect((await ask(node, '/api/kv/large', { method: 'PUT', body: largest })).status).toBe(200);
      expect(Buffer.from(await (await ask(node, '/api/kv/large')).arrayBuffer()).equals(largest)).toBe(true);
      const refused = await ask(node, '/api/kv/large', { method: 'PUT', body: Buffer.alloc(1_048_577) });
      expect([refused.status, await refused.json()]).toMatchObject([413, { code: 'VALUE_TOO_LARGE', executed: 'no' }]);
    }
  });

  test('a client that is in the middle of sending 5 MiB receives a refusal', async () => {
    const body = Buffer.alloc(5 * 1024 * 1024, 7);
    for (let count = 0; count < 10; count++) {
      expect((await ask(one, '/api/kv/large', { method: 'PUT', body })).status).toBe(413);
      expect((await ask(one, '/nothing', { method: 'POST', body })).status).toBe(404);
      expect((await ask(one, '/livez', { method: 'PUT', body })).status).toBe(405);
    }
  });
});

describe('the end of a node', () => {
  test('after SIGTERM it is not ready any more, and answers the requests in progress', async () => {
    const [host, port] = other.httpAddress.split(':') as [string, string];
    const agent = new Agent({ keepAlive: true });
    const readiness = async (): Promise<unknown> => {
      const sent = get({ host, port, path: '/readyz', agent });
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      return [answer.statusCode, await json(answer), answer.headers.connection];
    };
    const slow = new Stranger(host, Number(port), 'PUT /api/kv/slow HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nsl');
    await eventually(async () => expect(await readiness()).toEqual([200, { ready: true, reasons: [] }, 'keep-alive']));
    other.signal('SIGTERM');
    let last: unknown;
    do last = await readiness();
    while (Array.isArray(last) && last[0] === 200);
    expect(last).toEqual([503, { ready: false, reasons: ['the node is stopping'] }, 'close']);
    slow.socket.write('ow');
    await slow.closed;
    expect(slow.received).toMatch(/^HTTP\/1.1 200 .*"version":/s);
    agent.destroy();
    expect(await other.exited).toEqual({ code: 0, signal: null });
    expect(await (await ask(one, '/api/kv/slow')).text()).toBe('slow');
  });
});
