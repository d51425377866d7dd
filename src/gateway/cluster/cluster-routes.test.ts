import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KvError } from '../../errors.js';
import { createServer } from '../server/server.js';
import { clusterRoutes } from './cluster-routes.js';
import { FakeClusterView } from './cluster-view.fixture.js';

let view: FakeClusterView;
let app: FastifyInstance;

beforeEach(() => {
  view = new FakeClusterView();
  app = createServer({ routes: [clusterRoutes(() => view)], logger: pino({ level: 'silent' }), isClosing: () => false });
});
afterEach(() => app.close());

const get = (url: string) => app.inject({ method: 'GET', url });

describe('the nodes', () => {
  it('are listed in order, with their addresses and weights', async () => {
    expect((await get('/api/kv/workers')).json()).toEqual({
      nodes: [
        {
          id: 'node-a',
          address: '127.0.0.1:9090',
          httpAddress: '127.0.0.1:8080',
          zone: 'z',
          weight: 2,
          leaving: false,
          draining: false,
        },
        { id: '127.0.0.1:9091', address: '127.0.0.1:9091', weight: 1, leaving: false, draining: false },
      ],
    });
  });

  it('are not a key: a write to the name is refused', async () => {
    for (const method of ['PUT', 'POST', 'DELETE'] as const) {
      const refused = await app.inject({ method, url: '/api/kv/workers', payload: 'x' });
      expect([refused.statusCode, refused.headers.allow]).toEqual([405, 'GET, HEAD']);
    }
  });
});

describe('a drain', () => {
  const post = (url: string) => app.inject({ method: 'POST', url });

  it('is made and taken back, and the list of nodes shows it', async () => {
    const drained = await post('/api/kv/worker/node-a/drain');
    expect([drained.statusCode, drained.json()]).toEqual([200, { id: 'node-a', draining: true, shardCount: 3 }]);
    expect((await get('/api/kv/workers')).json()).toMatchObject({ nodes: [{ draining: true }, { draining: false }] });
    expect((await post('/api/kv/worker/node-a/undrain')).json()).toEqual({ id: 'node-a', draining: false, shardCount: 3 });
    expect((await get('/api/kv/workers')).json()).toMatchObject({ nodes: [{ draining: false }, { draining: false }] });
  });

  it('is refused with the reason', async () => {
    const refused = await post('/api/kv/worker/127.0.0.1%3A9091/drain');
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'NOT_DRAINED']);
    expect((await post('/api/kv/worker/nobody/drain')).statusCode).toBe(400);
    expect((await get('/api/kv/worker/node-a/drain')).statusCode).toBe(405);
  });

  it('can be preceded by a check', async () => {
    expect((await get('/api/kv/worker/node-a/can-stop')).json()).toEqual({
      id: 'node-a',
      canStop: false,
      shards: [{ shard: 3, copiesLeft: 1, copiesNeeded: 2 }],
      silentNodes: ['silent'],
    });
    expect((await get('/api/kv/worker/127.0.0.1%3A9091/can-stop')).json()).toMatchObject({ canStop: true, shards: [] });
  });
});

describe('one node', () => {
  interface Page {
    readonly keys: readonly { readonly shard: number; readonly key: string }[];
    readonly next?: string;
  }

  async function pages(limit: number): Promise<Page[]> {
    const found: Page[] = [];
    for (let query = ''; found.length === 0 || found.at(-1)?.next !== undefined; ) {
      found.push((await get(`/api/kv/worker/node-a?limit=${limit}${query}`)).json<Page>());
      query = `&cursor=${found.at(-1)?.next}`;
    }
    return found;
  }

  it.each([1, 2, 3, 5, 7, 100])('by pages of %i - each key of each shard once, in order', async (limit) => {
    const all = await pages(limit);
    const wanted = [...view.keys].flatMap(([shard, keys]) => keys.map((key) => ({ shard, ...key })));
    expect(all.flatMap(({ keys }) => keys)).toEqual(wanted);
    for (const { keys } of all) expect(keys.length).toBeLessThanOrEqual(limit);
  });

  it('that gives up a shard meanwhile - its other keys are listed', async () => {
    const { next } = (await pages(2))[0]!;
    view.released.add(3);
    const rest = (await get(`/api/kv/worker/node-a?cursor=${next}`)).json<Page>();
    expect(rest.keys.map(({ key }) => key)).toEqual(['x', 'y']);
  });

  it('with more shards than one page reads - the next page continues', async () => {
    for (let shard = 8; shard < 60; shard++) view.keys.set(shard, []);
    view.keys.set(60, [{ key: 'last', version: 1, valueBytes: 1 }]);
    const all = await pages(1_000);
    expect(all.length).toBeGreaterThan(1);
    expect(all.flatMap(({ keys }) => keys).at(-1)).toMatchObject({ shard: 60, key: 'last' });
  });

  it('is found by an id with a colon, encoded or not, and its shards are listed', async () => {
    for (const id of ['127.0.0.1:9091', '127.0.0.1%3A9091']) {
      const node = (await get(`/api/kv/worker/${id}?limit=0`)).json();
      expect(node).toMatchObject({ id: '127.0.0.1:9091', keyCount: 7, keys: [], warnings: ['something'] });
      const held = { history: 'h', epoch: 1, epochId: 'e1', removals: 0 };
      expect(node.shards).toContainEqual(expect.objectContaining({ shard: 3, role: 'backup', keyCount: 5, held }));
      expect(node.shards.find(({ shard }: { shard: number }) => shard === 7)).not.toHaveProperty('held');
      for (const shard of node.shards) expect(shard).not.toHaveProperty('found');
    }
  });

  it.each(['node-b', '__proto__', '..%2f', '%00', 'n'.repeat(5_000)])('%s is not found', async (id) => {
    expect((await get(`/api/kv/worker/${id}`)).json()).toMatchObject({ status: 404, code: 'NODE_NOT_FOUND', executed: 'no' });
  });

  it.each([
    'limit=-1',
    'limit=1001',
    'limit=1e3',
    'limit=',
    'limit=1&limit=2',
    'cursor=',
    'cursor=x',
    'cursor=1.%2F',
    'cursor=1.a&cursor=2.b',
  ])('with %s: 400', async (query) => {
    expect((await get(`/api/kv/worker/node-a?${query}`)).json()).toMatchObject({ status: 400, code: 'INVALID_ARGUMENT' });
  });

  it('that does not answer - 503 with Retry-After', async () => {
    view.silent = new KvError('UNREACHABLE', 'node 127.0.0.1:9091 cannot be reached');
    const refused = await get('/api/kv/worker/127.0.0.1:9091');
    expect(refused.json()).toMatchObject({ status: 503, code: 'UNREACHABLE', executed: 'no' });
    expect(refused.headers['retry-after']).toBe('1');
  });
});

describe('the cluster', () => {
  it('is reported shard by shard, with the nodes that hold them', async () => {
    const cluster = (await get('/api/cluster')).json();
    expect(cluster).toMatchObject({ clusterId: 'c', placementVersion: 4 });
    expect(cluster.shards).toEqual([
      {
        shard: 0,
        slots: { first: 0, last: 8_191 },
        epoch: 2,
        primary: 'node-a',
        inSync: ['node-a'],
        joining: ['node-b'],
        placed: ['node-a'],
        minInSync: 1,
        offline: false,
        serving: true,
      },
      {
        shard: 1,
        slots: { first: 8_192, last: 16_383 },
        epoch: 2,
        inSync: [],
        joining: [],
        placed: ['node-a'],
        minInSync: 1,
        offline: true,
        serving: false,
      },
    ]);
  });

  it('names the node that does not answer, and reports the others', async () => {
    view.silent = new KvError('UNREACHABLE', 'it cannot be reached');
    const { nodes } = (await get('/api/cluster')).json();
    expect(nodes[0]).toMatchObject({ id: 'node-a', keyCount: 7 });
    expect(nodes[1]).toEqual({
      id: '127.0.0.1:9091',
      address: '127.0.0.1:9091',
      weight: 1,
      leaving: false,
      draining: false,
      problem: 'it cannot be reached',
    });
  });
});
