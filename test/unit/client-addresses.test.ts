import { afterEach, expect, test } from 'vitest';
import { ClientCore } from '../../src/client/client-core.js';
import { resolveClientOptions } from '../../src/client/options.js';
import { KvError } from '../../src/errors.js';
import type { DataResult } from '../../src/wire/pipeline/pipeline-results.js';
import { FakeCluster } from './client-testing/fake-cluster.js';

const clusters: FakeCluster[] = [];
const cores: ClientCore[] = [];

afterEach(async () => {
  await Promise.all(cores.splice(0).map((core) => core.close()));
  await Promise.all(clusters.splice(0).map((cluster) => cluster.stop()));
});

async function startCluster(size: number): Promise<FakeCluster> {
  const cluster = await FakeCluster.start(size);
  clusters.push(cluster);
  return cluster;
}

function coreOf(source: () => Promise<readonly string[]>, deadlineMs = 10_000): ClientCore {
  const core = new ClientCore(source, resolveClientOptions({ deadlineMs }));
  cores.push(core);
  return core;
}

test('addresses - are read again when no known node answers, and operations continue with the new ones', async () => {
  const before = await startCluster(2);
  const after = await startCluster(2);
  let current = before;
  const core = coreOf(async () => current.addresses);
  await core.open();
  current = after;
  await before.stop();
  // A read, because a write might still meet a dying connection, and would then be unknown.
  const same = (result: DataResult) => result;
  await core.execute({ kind: 'get', key: 'key' }, core.limitsOf({}), same);
  const value = Buffer.from('value');
  const put = await core.execute({ kind: 'put', key: 'key', value, ifVersion: undefined }, core.limitsOf({}), same);
  expect(put.version).toBe(1);
  expect(after.values.get('key')?.value).toEqual(value);
  expect(before.countOf('Put')).toBe(0);
});

test('addresses - an empty list at the start is read again until nodes appear', async () => {
  const cluster = await startCluster(1);
  let readings = 0;
  const core = coreOf(async () => {
    readings += 1;
    return readings === 1 ? [] : cluster.addresses;
  });
  await core.open();
  expect(core.knownTopology?.clusterId).toBe('fake');
});

test('addresses - connecting rejects with the error of the source if that fails at the start', async () => {
  const failure = new KvError('COORDINATION_UNAVAILABLE', 'no ZooKeeper');
  const core = coreOf(() => Promise.reject(failure));
  await expect(core.open()).rejects.toBe(failure);
});

test('addresses - no node until the deadline is unreachable', async () => {
  const core = coreOf(async () => [], 100);
  await expect(core.open()).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringContaining('no node is registered'),
  });
});
