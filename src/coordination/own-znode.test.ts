import { expect, it } from 'vitest';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { OwnZnode } from './own-znode.js';

const parent = '/election';

async function ensured() {
  const zookeeper = new MemoryZookeeper();
  const client = zookeeper.connect();
  let data = 'first';
  const own = new OwnZnode(client, { parent, prefix: 'a-n_', data: () => Buffer.from(data), madeHere: () => true });
  await own.ensure();
  const versions = () => zookeeper.tree.children(parent)!.map((name) => zookeeper.tree.get(`${parent}/${name}`)!.stat.version);
  return { zookeeper, client, own, versions, set: (next: string) => (data = next) };
}

it('ensuring writes only data that has changed', async () => {
  const { client, own, versions, set } = await ensured();
  const before = client.submitted.length;
  await own.ensure();
  expect(versions()).toEqual([0]);
  expect(client.submitted.slice(before).filter((operation) => /^(set|create|delete) /.test(operation))).toEqual([]);
  set('second');
  await own.ensure();
  expect(versions()).toEqual([1]);
});

it('a rewrite writes unchanged data, too, and so proves later reads', async () => {
  const { client, own, versions } = await ensured();
  client.suspend();
  client.resume();
  await own.ensure();
  expect(client.provenMs).toBe(Number.NEGATIVE_INFINITY);
  const requestedMs = performance.now();
  await own.rewrite();
  expect(versions()).toEqual([1]);
  expect(client.provenMs).toBeGreaterThanOrEqual(requestedMs);
});

it('a rewrite is one write: later calls of ensure write nothing', async () => {
  const { own, versions } = await ensured();
  await own.rewrite();
  await own.ensure();
  await own.ensure();
  expect(versions()).toEqual([1]);
});

it('a rewrite that is requested while ensure runs still happens', async () => {
  const { own, versions } = await ensured();
  await Promise.all([own.ensure(), own.rewrite()]);
  expect(versions()).toEqual([1]);
});

it('a rewrite creates a missing znode, which proves later reads as well', async () => {
  const { zookeeper, client, own, versions } = await ensured();
  zookeeper.tree.deleteTree(parent);
  client.suspend();
  client.resume();
  await own.rewrite();
  expect(versions()).toEqual([0]);
  expect(client.provenMs).toBeGreaterThan(Number.NEGATIVE_INFINITY);
});

it('a rewrite whose answer is lost is rejected and proves nothing', async () => {
  const { client, own } = await ensured();
  client.loseNextAnswer('set', 'applied');
  await expect(own.rewrite()).rejects.toMatchObject({ executed: 'unknown' });
  expect(client.provenMs).toBe(Number.NEGATIVE_INFINITY);
});

it('a rewrite after the removal creates no znode', async () => {
  const { own, versions } = await ensured();
  await own.remove();
  await own.rewrite();
  expect(versions()).toEqual([]);
});
