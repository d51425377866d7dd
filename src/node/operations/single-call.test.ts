import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KvError } from '../../errors.js';
import { countOperations, type Method } from '../../metrics/operation-counts.js';
import { Scenario } from '../../replication/testing/scenario.fixture.js';
import { PendingCalls } from '../capacity/pending-calls.js';
import { clockOf, directoryOf, localShardOf } from '../shards/served-shard.fixture.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { Forwarder } from './forwarder.js';
import { OperationExecutor } from './operation-executor.js';
import { type CallRequest, type CallResponse, runCall } from './single-call.js';

const leaseMs = 1_000;
const maxPendingBytes = 1024 * 1024;
const key = Buffer.from('k');

let c: Scenario;
let forwarder: Forwarder;
let forwards: string[];

/** `a` is the primary of two. A forwarded call has an unknown outcome. */
beforeEach(() => {
  c = Scenario.of('a b');
  clockOf(c);
  forwards = [];
  forwarder = new Forwarder('cluster-1');
  forwarder.forward = async (address: string) => {
    forwards.push(address);
    throw new KvError('OUTCOME_UNKNOWN', 'the connection was lost');
  };
});

afterEach(() => {
  forwarder.close();
  vi.restoreAllMocks();
});

function executorOf(name: string, directory: ShardDirectory = directoryOf(c, name)): OperationExecutor {
  return new OperationExecutor({
    nodeId: name,
    maxValueBytes: 1_000,
    directory,
    forwarder,
    counts: countOperations(() => () => {}),
    tracing: undefined,
    logger: pino({ level: 'silent' }),
  });
}

/** Runs a call as a service does. The test sees the outcome later, when a service would encode it. */
async function run<Kind extends Method>(
  executor: OperationExecutor,
  kind: Kind,
  request: CallRequest<Kind>,
  api: 'unary' | 'forwarded' = 'unary',
): Promise<CallResponse<Kind>> {
  const pending = new PendingCalls(maxPendingBytes);
  const options = {
    api: executor.apis[api],
    pending,
    trace: undefined,
    waits: false,
    remainingMs: () => undefined,
    whenGone: () => {},
  };
  return new Promise((succeeded, failed) => runCall(executor, kind, request, options, { succeeded, failed }));
}

async function put(executor: OperationExecutor, value: string, ifVersion?: number): Promise<number> {
  const written = run(executor, 'put', { key, value: Buffer.from(value), ...(ifVersion === undefined ? {} : { ifVersion }) });
  // A refusal arrives before anything is sent to the backup; the caller sees it below.
  written.catch(() => {});
  await new Promise((resolve) => setImmediate(resolve));
  c.deliverAll();
  return (await written).version;
}

describe('a unary get', () => {
  test('is answered with a copy, which stays the same whatever the storage does with its memory', async () => {
    const executor = executorOf('a');
    await put(executor, 'value');
    const response = await run(executor, 'get', { key });
    expect({ ...response, value: String(response.value) }).toEqual({
      found: true,
      value: 'value',
      version: 1,
      nodeId: 'a',
      position: { history: expect.any(String), seq: 1 },
    });
    await put(executor, 'other');
    expect(String(response.value)).toBe('value');
  });

  test('is answered with a copy by an asynchronous storage, too', async () => {
    await put(executorOf('a'), 'value');
    const local = localShardOf(c.node('a'));
    const stored = local.stored.bind(local);
    local.stored = async (name) => {
      const found = await stored(name);
      return found && { ...found, value: Buffer.from('value') };
    };
    const response = await run(executorOf('a', { ...directoryOf(c, 'a'), local: () => local }), 'get', { key });
    expect(String(response.value)).toBe('value');
  });

  test('sees no put that has not committed, and does not wait for one', async () => {
    const executor = executorOf('a');
    await put(executor, 'old');
    c.hold('a', 'b');
    const written = run(executor, 'put', { key, value: Buffer.from('new') });
    await new Promise((resolve) => setImmediate(resolve));
    expect(String((await run(executor, 'get', { key })).value)).toBe('old');
    c.heal();
    c.deliverAll();
    await written;
    expect(String((await run(executor, 'get', { key })).value)).toBe('new');
  });

  test('is refused by a primary that stalled for longer than its lease', async () => {
    const executor = executorOf('a');
    await put(executor, 'value');
    await run(executor, 'get', { key });
    c.elapse(leaseMs + 1);
    await expect(run(executor, 'get', { key })).rejects.toMatchObject({ code: 'LEASE_LAPSED', executed: 'no' });
  });
});

describe('a put', () => {
  test('keeps no view of the memory of its request', async () => {
    const executor = executorOf('a');
    const value = Buffer.from('value');
    const written = run(executor, 'put', { key, value });
    value.fill('?');
    await new Promise((resolve) => setImmediate(resolve));
    c.deliverAll();
    await written;
    expect(c.get('a', 'k')).toMatchObject({ value: 'value' });
  });

  test('that the primary refuses is not forwarded', async () => {
    const executor = executorOf('a');
    await put(executor, 'value');
    await expect(put(executor, 'other', 7)).rejects.toMatchObject({ code: 'VERSION_MISMATCH', currentVersion: 1 });
    await expect(put(executor, 'x'.repeat(2_000))).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE', executed: 'no' });
    expect(forwards).toEqual([]);
  });

  test('of a primary that is deposed before the commit is not forwarded: it may have been executed', async () => {
    c = Scenario.of('a b c');
    clockOf(c);
    const executor = executorOf('a', { ...directoryOf(c, 'a'), primaryElsewhere: () => 'b:1' });
    c.hold('a', 'b');
    c.hold('a', 'c');
    const written = run(executor, 'put', { key, value: Buffer.from('v') });
    const outcome = expect(written).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    await new Promise((resolve) => setImmediate(resolve));
    c.pause('a');
    c.until(() => c.primary === 'b', 'no failover');
    c.resume('a');
    c.heal();
    c.advance(leaseMs);
    await outcome;
    expect(forwards).toEqual([]);
  });

  test('at a backup is forwarded once, and its unknown outcome stays unknown', async () => {
    const executor = executorOf('b', { ...directoryOf(c, 'b'), primaryElsewhere: () => 'a:1' });
    await expect(put(executor, 'v')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect(forwards).toEqual(['a:1']);
  });

  test('that was forwarded is not forwarded again, and its refusal names the primary', async () => {
    const executor = executorOf('b', { ...directoryOf(c, 'b'), primaryElsewhere: () => 'a:1' });
    const forwarded = run(executor, 'put', { key, value: Buffer.from('v') }, 'forwarded');
    await expect(forwarded).rejects.toMatchObject({ code: 'NOT_PRIMARY', executed: 'no', primaryAddress: 'a:1' });
    expect(forwards).toEqual([]);
  });

  test('that was forwarded to a node which knows no primary is refused with NOT_PRIMARY, too', async () => {
    const forwarded = run(executorOf('b'), 'put', { key, value: Buffer.from('v') }, 'forwarded');
    await expect(forwarded).rejects.toMatchObject({ code: 'NOT_PRIMARY', executed: 'no', primaryAddress: undefined });
  });

  test('is refused after the node has stopped taking requests, definitely not executed', async () => {
    const executor = executorOf('a');
    executor.close();
    await expect(put(executor, 'v')).rejects.toMatchObject({ code: 'STOPPING', executed: 'no' });
    expect(c.get('a', 'k')).toEqual({ version: 0 });
  });
});
