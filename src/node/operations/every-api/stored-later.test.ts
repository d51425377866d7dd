/** Operations that need what is stored, on a storage that answers by a promise. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StoredValue } from '../../../storage/index.js';
import type { LocalShard } from '../../shards/local-shard.js';
import { localShardOf } from '../../shards/served-shard.fixture.js';
import { maxStoredWaitMs } from '../../shards/stored-wait.js';
import { key, keyRequests, testCluster } from './test-cluster.fixture.js';
import { type TestNode, testedApis } from './test-node.fixture.js';
import type { TestRequest } from './test-request.fixture.js';

const { get, put } = keyRequests;
const cluster = testCluster();
/** Writes whose conditions are judged by what is stored, and a transaction that only reads. */
const judged: readonly TestRequest[] = [
  { ...put, value: Buffer.from('other'), ifVersion: 1 },
  { ...put, value: Buffer.from('other'), ifValue: Buffer.from('value') },
  { kind: 'delete', key },
  { kind: 'append', key, value: Buffer.from('!') },
];
const reads: readonly TestRequest[] = [get, { kind: 'transact', transaction: { operations: [{ get: { key } }] } }];

/** Looks up what `a` holds at the moment of the call, and keeps the answer until the test gives it. */
class SlowStorage {
  #held: (() => void)[] = [];

  readonly get = (asked: string): Promise<StoredValue | undefined> => this.#later(cluster.c.node('a').store.items.get(asked));
  readonly head = this.get;

  /** How many look-ups wait. */
  get waiting(): number {
    return this.#held.length;
  }

  answer(): void {
    for (const give of this.#held.splice(0)) give();
  }

  #later<Found>(found: Found): Promise<Found> {
    return new Promise((resolve) => this.#held.push(() => resolve(found)));
  }
}

let storage: SlowStorage;
let local: LocalShard;
let node: TestNode;

/** `a` holds `value` under `k`, at version 1. */
beforeEach(async () => {
  storage = new SlowStorage();
  local = localShardOf(cluster.c.node('a'), storage);
  node = cluster.nodeOf('a', { local: () => local });
  expect(await node.send('pipeline', put)).toEqual({ version: 1 });
});

afterEach(() => void vi.useRealTimers());

async function untilLookedUp(): Promise<void> {
  while (storage.waiting === 0) await nextTurn();
}

function stored(): unknown {
  return cluster.c.node('a').store.items.get('k');
}

/** `a` does not notice for a moment that `b` has taken over. */
function replaceWhileFrozen(): void {
  const { c } = cluster;
  c.pause('a');
  c.until(() => c.primary === 'b', 'no failover');
  c.put('b', 'k', 'new');
  c.deliverAll();
  c.resume('a');
}

describe.each(testedApis)('an operation by %s whose stored value comes later', (api) => {
  test('is answered with it while the lease is held', async () => {
    for (const request of [...reads, judged[0]!]) {
      const answer = node.send(api, request);
      await untilLookedUp();
      storage.answer();
      expect(await answer).not.toHaveProperty('code');
    }
  });

  test.each(reads)('is refused if another node is primary before it came (R9): $kind', async (request) => {
    const answer = node.send(api, request);
    await untilLookedUp();
    replaceWhileFrozen();
    storage.answer();
    expect(await answer).toMatchObject({ code: expect.any(String), executed: 'no' });
  });

  test.each([...reads, ...judged])('is refused as soon as another node is primary, while it waits: $kind', async (request) => {
    const answer = node.send(api, request);
    await untilLookedUp();
    local.standingChanged();
    replaceWhileFrozen();
    cluster.c.stabilize();
    local.standingChanged();
    // The storage never answers.
    expect(await answer).toMatchObject({ code: expect.stringMatching(/^(NOT_PRIMARY|NO_PRIMARY)$/), executed: 'no' });
  });

  test('is refused, and not executed, if another node was primary meanwhile', async () => {
    const { c } = cluster;
    const answer = node.send(api, judged[0]!);
    await untilLookedUp();
    replaceWhileFrozen();
    c.stabilize();
    c.kill('b');
    c.until(() => c.primary === 'a', 'no failover');
    storage.answer();
    expect(await answer).toMatchObject({ executed: 'no' });
    expect(stored()).toMatchObject({ version: cluster.c.node('b').store.items.get('k')!.version });
  });

  test('is refused, and never executed, if it has not come in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    for (const request of [...reads, ...judged]) {
      const answer = node.send(api, request);
      await untilLookedUp();
      await vi.advanceTimersByTimeAsync(maxStoredWaitMs);
      expect(await answer).toMatchObject({ code: 'STORAGE_UNAVAILABLE', executed: 'no' });
      storage.answer();
      await nextTurn();
    }
    expect(stored()).toMatchObject({ version: 1 });
  });
});

test.each(testedApis)('a read by %s that finds a key due does not delete what was written meanwhile (R17)', async (api) => {
  const { c } = cluster;
  const ttlMs = 500;
  await node.send('pipeline', { ...put, ttlMs });
  c.elapse(ttlMs);
  const read = node.send(api, get);
  await untilLookedUp();
  c.hold('a', 'b');
  const written = node.send('pipeline', { ...put, value: Buffer.from('new') });
  while (c.node('a').replica.uncommittedVersion('k') === undefined) await nextTurn();
  storage.answer();
  for (let turns = 0; turns < 10; turns++) await nextTurn();
  c.heal();
  c.deliverAll();
  storage.answer();
  expect(await written).toEqual({ version: 3 });
  expect(await read).not.toHaveProperty('code');
  expect(stored()).toMatchObject({ version: 3 });
});

test('a call is refused before its deadline, and what waited behind it is executed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const { deadline } = node;
  node.deadline = Date.now() + 200;
  const hasty = node.send('unary', judged[2]!);
  await untilLookedUp();
  node.deadline = deadline;
  const behind = node.send('unary', judged[0]!);
  await vi.advanceTimersByTimeAsync(200);
  expect(await hasty).toMatchObject({ code: 'STORAGE_UNAVAILABLE', executed: 'no' });
  while (storage.waiting < 2) await nextTurn();
  storage.answer();
  expect(await behind).toEqual({ version: 2 });
});

test('a write whose caller has given up is not executed', async () => {
  const cancelled = node.send('unary', judged[2]!);
  await untilLookedUp();
  node.cancel();
  expect(await cancelled).toMatchObject({ code: 'CANCELLED' });
  storage.answer();
  await nextTurn();
  expect(stored()).toMatchObject({ version: 1 });
});
