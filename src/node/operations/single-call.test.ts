import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KvError } from '../../errors.js';
import { countOperations } from '../../metrics/operation-counts.js';
import { Scenario } from '../../replication/testing/scenario.fixture.js';
import { PendingCalls } from '../capacity/pending-calls.js';
import { clockOf, directoryOf, localShardOf } from '../shards/served-shard.fixture.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { Forwarder } from './forwarder.js';
import { type Caller, KeyValueOperations, type MethodName, type RequestOf, type ResponseOf } from './operation-executor.js';

const leaseMs = 1_000;
const maxPendingBytes = 1024 * 1024;
const key = Buffer.from('k');

let c: Scenario;
let forwarder: Forwarder;
let forwards: string[];

/** `a` is the primary of two. What is passed on has an unknown outcome. */
beforeEach(() => {
  c = Scenario.of('a b');
  clockOf(c);
  forwards = [];
  forwarder = new Forwarder(undefined);
  forwarder.forward = async (address: string) => {
    forwards.push(address);
    throw new KvError('OUTCOME_UNKNOWN', 'the connection was lost');
  };
});

afterEach(() => {
  forwarder.close();
  vi.restoreAllMocks();
});

function operationsOf(name: string, directory: ShardDirectory = directoryOf(c, name)): KeyValueOperations {
  return new KeyValueOperations({
    ...{ nodeId: name, directory, forwarder, tracing: undefined, counts: countOperations(() => () => {}) },
    ...{ maxValueBytes: 1_000, defaultDeadlineMs: 10_000, pending: new PendingCalls(maxPendingBytes) },
  });
}

/** As a service makes it. The outcome is looked at later, when a service would encode it. */
async function run<Name extends MethodName>(
  operations: KeyValueOperations,
  name: Name,
  request: RequestOf<Name>,
  wasForwarded = false,
): Promise<ResponseOf<Name>> {
  const caller: Caller = { api: 'unary', wasForwarded, remainingMs: () => undefined };
  return new Promise((succeeded, failed) => operations.run(name, request, caller, { succeeded, failed }));
}

async function put(operations: KeyValueOperations, value: string, ifVersion?: number): Promise<number> {
  const written = run(operations, 'Put', { key, value: Buffer.from(value), ...(ifVersion === undefined ? {} : { ifVersion }) });
  // Whoever refuses does so before the backup is asked; the caller hears of it below.
  written.catch(() => {});
  await new Promise((resolve) => setImmediate(resolve));
  c.deliverAll();
  return (await written).version;
}

describe('a unary get', () => {
  test('is answered with a copy: what it found stays as it is, whatever storage does with its memory', async () => {
    const operations = operationsOf('a');
    await put(operations, 'value');
    const response = await run(operations, 'Get', { key });
    expect({ ...response, value: String(response.value) }).toEqual({ found: true, value: 'value', version: 1, nodeId: 'a' });
    await put(operations, 'other');
    expect(String(response.value)).toBe('value');
  });

  test('is answered with a copy also where storage takes its time', async () => {
    await put(operationsOf('a'), 'value');
    const local = localShardOf(c.node('a'));
    const stored = local.stored.bind(local);
    local.stored = async (name) => {
      const found = await stored(name);
      return found && { ...found, value: Buffer.from('value') };
    };
    const response = await run(operationsOf('a', { ...directoryOf(c, 'a'), local: () => local }), 'Get', { key });
    expect(String(response.value)).toBe('value');
  });

  test('sees no put that has not committed, and waits for none', async () => {
    const operations = operationsOf('a');
    await put(operations, 'old');
    c.hold('a', 'b');
    const written = run(operations, 'Put', { key, value: Buffer.from('new') });
    await new Promise((resolve) => setImmediate(resolve));
    expect(String((await run(operations, 'Get', { key })).value)).toBe('old');
    c.heal();
    c.deliverAll();
    await written;
    expect(String((await run(operations, 'Get', { key })).value)).toBe('new');
  });

  test('is refused by a primary that was frozen for longer than its lease', async () => {
    const operations = operationsOf('a');
    await put(operations, 'value');
    await run(operations, 'Get', { key });
    c.elapse(leaseMs + 1);
    await expect(run(operations, 'Get', { key })).rejects.toMatchObject({ code: 'LEASE_LAPSED', executed: 'no' });
  });
});

describe('a put', () => {
  test('keeps no view of the memory in which the request came', async () => {
    const operations = operationsOf('a');
    const value = Buffer.from('value');
    const written = run(operations, 'Put', { key, value });
    value.fill('?');
    await new Promise((resolve) => setImmediate(resolve));
    c.deliverAll();
    await written;
    expect(c.get('a', 'k')).toMatchObject({ value: 'value' });
  });

  test('that this node refuses, being primary, is passed on to nobody', async () => {
    const operations = operationsOf('a');
    await put(operations, 'value');
    await expect(put(operations, 'other', 7)).rejects.toMatchObject({ code: 'VERSION_MISMATCH', currentVersion: 1 });
    await expect(put(operations, 'x'.repeat(2_000))).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE', executed: 'no' });
    expect(forwards).toEqual([]);
  });

  test('of a primary that is deposed before it commits is passed on to nobody: it may have been executed', async () => {
    c = Scenario.of('a b c');
    clockOf(c);
    const operations = operationsOf('a', { ...directoryOf(c, 'a'), primaryElsewhere: () => 'b:1' });
    c.hold('a', 'b');
    c.hold('a', 'c');
    const written = run(operations, 'Put', { key, value: Buffer.from('v') });
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

  test('at a backup is passed on once, and its unknown outcome stays unknown', async () => {
    const operations = operationsOf('b', { ...directoryOf(c, 'b'), primaryElsewhere: () => 'a:1' });
    await expect(put(operations, 'v')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', executed: 'unknown' });
    expect(forwards).toEqual(['a:1']);
  });

  test('that was passed on already is not passed on again, and the primary is named', async () => {
    const operations = operationsOf('b', { ...directoryOf(c, 'b'), primaryElsewhere: () => 'a:1' });
    const passedOn = run(operations, 'Put', { key, value: Buffer.from('v') }, true);
    await expect(passedOn).rejects.toMatchObject({ code: 'NOT_PRIMARY', executed: 'no', primaryAddress: 'a:1' });
    expect(forwards).toEqual([]);
  });

  test('after the node has stopped taking requests is refused, definitely not executed', async () => {
    const operations = operationsOf('a');
    operations.close();
    await expect(put(operations, 'v')).rejects.toMatchObject({ code: 'STOPPING', executed: 'no' });
    expect(c.get('a', 'k')).toEqual({ version: 0 });
  });
});
