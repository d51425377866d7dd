/** Conversions between the kinds of state store, one after the other, leave the data of a stopped node the same. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { KeyWrite } from '../../replication/index.js';
import { DatabaseError, type StateDatabase } from '../../storage/database/index.js';
import { ModelDatabase, ModelDisk } from '../../storage/database/model-database.fixture.js';
import { openLmdb } from '../../storage/lmdb/index.js';
import { lmdbWorker } from '../../storage/lmdb/lmdb-worker.fixture.js';
import { snapshotThread } from '../../storage/snapshots/snapshot-thread.fixture.js';
import { cluster } from '../data/cluster-config.fixture.js';
import { DataFolder } from '../data/data-folder.js';
import { DatabaseStates } from '../data/database-states.js';
import { expectFound, overwrite, smallLog, TestFolders } from '../data/disk-data.fixture.js';
import type { DiskData } from '../data/disk-data.js';
import type { StateKind } from '../data/state-kind.js';
import { deleting, nodeId, TestReplica, writing } from '../data/test-replica.fixture.js';
import { type Conversion, convertFolder } from './convert-folder.js';

const folders = new TestFolders();
afterEach(() => folders.removeAll());
const logger = pino({ level: 'silent' });
const identity = { nodeId, cluster: { ...cluster, clusterId: 'cluster' } };

/** A node that has its data in `postgres` has it in a model of a database here. */
class ConvertedNode {
  readonly path = folders.create();
  readonly #postgres = new ModelDisk();
  #kind: StateKind = 'memory';
  data!: DiskData;
  replicas: TestReplica[] = [];

  async begin(shards: readonly number[]): Promise<void> {
    const folder = await DataFolder.open(this.path);
    await folder.claim(identity, this.#kind);
    await folder.close(false);
    await this.#open();
    this.replicas = shards.map((shard) => TestReplica.create(this.data, shard));
    for (const replica of this.replicas) replica.setEpoch(1);
  }

  /** @param failAt the number of the call of the database that fails. Undefined: none does. */
  async convert(to: StateKind, failAt?: number): Promise<Conversion> {
    const conversion = await convertFolder({
      path: this.path,
      to,
      url: 'postgres://model',
      logger,
      onKeys: () => {},
      snapshotThread: snapshotThread(),
      openDatabase: async (_, { kind }) => failing(await this.#database(kind), failAt),
    });
    this.#kind = to;
    return conversion;
  }

  async stop(): Promise<void> {
    await Promise.all(this.replicas.map(({ durable }) => durable));
    await this.data.close(false);
  }

  /** The node is started again, and has everything. */
  async restart(): Promise<void> {
    await this.#open();
    const { recovered } = this.data;
    expect(recovered).toHaveLength(this.replicas.length);
    for (const found of recovered) {
      const before = this.replicas.find(({ shard }) => shard === found.shard)!;
      const revived = before.revived(found);
      await expectFound(found, before);
      this.replicas = this.replicas.map((replica) => (replica === before ? revived : replica));
    }
  }

  async #open(): Promise<void> {
    const kind = this.#kind;
    const openStates =
      kind === 'memory'
        ? undefined
        : async () => new DatabaseStates({ database: await this.#database(kind), kind: 'lmdb', maxOverlayBytes: 1e7, logger });
    this.data = await folders.open(this.path, { ...smallLog, ...(openStates && { openStates }) });
  }

  async #database(kind: StateKind): Promise<StateDatabase> {
    if (kind === 'postgres') return new ModelDatabase(this.#postgres);
    return openLmdb({ folder: join(this.path, 'state'), cacheBytes: 1e7, startWorker: lmdbWorker });
  }
}

/** The database with a call that is refused, and after it every other one. */
function failing(database: StateDatabase, failAt = Number.POSITIVE_INFINITY): StateDatabase {
  let calls = 0;
  const watched = new Set(['begin', 'removeSome', 'commit', 'flush', 'page']);
  return new Proxy(database, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (watched.has(String(name)) && ++calls >= failAt) throw new DatabaseError('the power is gone');
        return Reflect.apply(value, target, args);
      };
    },
  });
}

const kinds: readonly StateKind[] = ['memory', 'lmdb', 'postgres'];

const writes: fc.Arbitrary<KeyWrite[]> = fc
  .uniqueArray(
    fc.record({ key: fc.nat(12), value: fc.option(fc.nat(3_000)), expiresAtMs: fc.option(fc.nat(1_000), { nil: undefined }) }),
    { minLength: 1, maxLength: 3, selector: ({ key }) => key },
  )
  .map((list) =>
    list.map(({ key, value, expiresAtMs }) =>
      value === null ? deleting(`key ${key}`) : writing(`key ${key}`, `${value}`.padEnd(value, '.'), expiresAtMs),
    ),
  );
const work = fc.record({
  contents: fc.array(writes, { minLength: 1, maxLength: 30 }),
  kind: fc.constantFrom('none', 'reset', 'load', 'epoch', 'overwrite'),
  to: fc.constantFrom(...kinds),
  failAt: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  restarts: fc.boolean(),
});

test('conversions - lose nothing, whatever was written before, and wherever an earlier attempt was interrupted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(work, { minLength: 3, maxLength: 5 }), async (rounds) => {
      const node = new ConvertedNode();
      await node.begin([0, 1, 3]);
      let epoch = 1;
      for (const { contents, kind, to, failAt, restarts } of rounds) {
        const changes: Partial<Record<typeof kind, (replica: TestReplica, index: number) => unknown>> = {
          epoch: (replica) => replica.setEpoch(++epoch),
          reset: (replica, index) => index === 0 && replica.reset(replica.lastSeq + 10, true),
          load: (replica, index) => index === 1 && receive(replica),
          overwrite: (replica) => overwrite(replica, 100_000),
        };
        for (const [index, replica] of node.replicas.entries()) {
          await changes[kind]?.(replica, index);
          replica.append(...contents);
          replica.apply(replica.lastSeq - replica.appliedSeq - (index % 2));
        }
        await node.stop();
        if (failAt !== undefined) await node.convert(to, failAt).catch(() => {});
        await node.convert(to);
        if (restarts) await node.convert(to);
        await node.restart();
      }
      await node.stop();
      await folders.removeAll();
    }),
    { numRuns: 3, endOnFailure: true },
  );
});

/** The replica takes a copy from another one. */
async function receive(replica: TestReplica): Promise<void> {
  replica.reset(replica.lastSeq + 5, false);
  const items = new Map(Array.from({ length: 50 }, (_, key) => [`loaded ${key}`, { value: `${key}`, version: key + 1 }]));
  replica.load(items, []);
  replica.finishLoad();
  await replica.durable;
}

test('a conversion - leaves nothing of the old kind, and says how much it has converted', async () => {
  const node = new ConvertedNode();
  await node.begin([0, 1]);
  for (const replica of node.replicas) await receive(replica);
  await node.stop();
  const common = { nodeId, clusterId: 'cluster' };
  expect(await node.convert('lmdb')).toEqual({ ...common, from: 'memory', to: 'lmdb', copies: 2, keys: 100 });
  expect([existsSync(join(node.path, 'snapshots')), existsSync(join(node.path, 'converting.json'))]).toEqual([false, false]);
  expect(await node.convert('lmdb')).toMatchObject({ from: 'lmdb', copies: 0 });
  expect(await node.convert('memory')).toMatchObject({ from: 'lmdb', to: 'memory', copies: 2, keys: 100 });
  expect(existsSync(join(node.path, 'state'))).toBe(false);
  expect(readdirSync(join(node.path, 'snapshots'))).toHaveLength(2);
  await node.restart();
});

test('a conversion - that fails leaves the node as it was', async () => {
  const node = new ConvertedNode();
  await node.begin([0, 1]);
  for (const replica of node.replicas) await receive(replica);
  await node.stop();
  for (const failAt of [1, 3, 5, 7]) {
    await expect(node.convert('lmdb', failAt)).rejects.toThrow('the power is gone');
    await node.restart();
    await node.stop();
  }
});

test('a conversion - from an empty database, as that of a wrong URL is, is refused', async () => {
  const node = new ConvertedNode();
  await node.begin([0, 1]);
  for (const replica of node.replicas) await receive(replica);
  await node.stop();
  await node.convert('postgres');
  const wrong = { openDatabase: async () => new ModelDatabase(), url: 'postgres://wrong', logger, onKeys: () => {} };
  await expect(convertFolder({ path: node.path, to: 'memory', ...wrong })).rejects.toThrow('Correct --postgres');
  await node.restart();
});

test('a conversion - refuses a folder that no node has used, that is missing, or that a node uses', async () => {
  const options = { to: 'lmdb', url: undefined, logger, onKeys: () => {} } as const;
  const path = folders.create();
  await expect(convertFolder({ ...options, path })).rejects.toThrow('no node has used the folder yet');
  await expect(convertFolder({ ...options, path: join(path, 'missing') })).rejects.toThrow('there is no such folder');
  expect(existsSync(join(path, 'missing'))).toBe(false);
  const folder = await DataFolder.open(path);
  await folder.claim(identity);
  await expect(convertFolder({ ...options, path })).rejects.toThrow('another node uses this folder');
  await folder.close(false);
  await expect(convertFolder({ ...options, path, to: 'postgres' })).rejects.toThrow('--postgres');
});
