/** Writes that are not committed, and the timers of those that are. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KvError } from '../../../errors.js';
import { localShardOf } from '../../shards/served-shard.fixture.js';
import { singleCallWaitMs } from '../api-traits.js';
import { keyRequests, notPrimary, testCluster } from './test-cluster.fixture.js';

const { put } = keyRequests;
const cluster = testCluster();

test('a write by unary call that was committed leaves no timer behind', async () => {
  const node = cluster.nodeOf('a');
  const [setting, clearing] = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'clearTimeout')];
  await node.send('unary', put);
  // Other timers may belong to other tests that share the process.
  const waits = setting.mock.results.filter((_, call) => setting.mock.calls[call]?.[1] === singleCallWaitMs);
  expect(waits).toHaveLength(1);
  expect(clearing.mock.calls.map(([timer]) => timer)).toContain(waits[0]?.value);
  vi.restoreAllMocks();
});

describe('a write that is not committed', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    cluster.c.hold('a', 'b');
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function appended(): Promise<void> {
    while (cluster.c.node('a').replica.uncommittedVersion('k') === undefined) await nextTurn();
  }

  test.each(['unary', 'rest'] as const)('by %s has an unknown outcome after ten seconds, and keeps it', async (api) => {
    const node = cluster.nodeOf('a');
    const late = node.send(api, put);
    const message = 'the write was not committed within 10000 ms';
    await appended();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await late).toEqual({ code: 'OUTCOME_UNKNOWN', message, executed: 'unknown' });
    cluster.c.heal();
    cluster.c.deliverAll();
    expect(node.counted(api)).toEqual(['put OUTCOME_UNKNOWN']);
    expect(cluster.c.get('a', 'k')).toMatchObject({ value: 'value' });
  });

  test('by unary call and refused after that is neither answered again nor forwarded', async () => {
    const local = localShardOf(cluster.c.node('a'));
    const waiting: Parameters<typeof local.write>[1][] = [];
    local.write = (_, operation) => waiting.push(operation);
    const node = cluster.nodeOf('a', { local: () => local, primaryElsewhere: () => 'b:1' });
    const forward = vi.spyOn(node.forwarder, 'forward');
    const late = node.send('unary', put);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await late).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    waiting[0]!.failed(new KvError('NOT_PRIMARY', notPrimary));
    waiting[0]!.failed(new KvError('OVERLOADED', 'too much'));
    waiting[0]!.succeeded(7);
    await nextTurn();
    expect([node.counted('unary'), node.pending.count]).toEqual([['put OUTCOME_UNKNOWN'], 0]);
    expect(forward).not.toHaveBeenCalled();
  });

  test('by pipeline waits until it is', async () => {
    const node = cluster.nodeOf('a');
    const waiting = node.send('pipeline', put);
    await appended();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(node.counted('pipeline')).toEqual([]);
    cluster.c.heal();
    expect(await waiting).toEqual({ version: 1 });
  });
});
