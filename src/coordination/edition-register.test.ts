/** The editions of data directories in ZooKeeper: compare-and-set, lost answers, and names of nodes. */
import { expect, test } from 'vitest';
import { join, root } from './coordinator.fixture.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';

const first = { number: 1, id: 'one' };
const second = { number: 2, id: 'two' };

test('an edition is written over the one that was read only, and each node has its own', async () => {
  const zookeeper = new MemoryZookeeper();
  const { editions } = join(zookeeper).coordinator;
  expect(await editions.read('a')).toBeUndefined();
  expect(await editions.write('a', undefined, first)).toBe(true);
  expect(await editions.read('a')).toEqual({ version: 0, edition: first });
  expect([await editions.write('a', undefined, second), await editions.write('a', 0, second)]).toEqual([false, true]);
  expect([await editions.write('a', 0, first), await editions.write('b', 0, first)]).toEqual([false, false]);
  expect(await editions.read('a')).toEqual({ version: 1, edition: second });
  expect(await editions.write('..', undefined, first)).toBe(true);
  expect(zookeeper.tree.children(`${root}/editions`)).toEqual(['e_a', 'e_..']);
  await editions.remove('a');
  await editions.remove('a');
  expect(await editions.read('a')).toBeUndefined();
});

test.each(['applied', 'notApplied'] as const)('after a lost answer (%s) a reading shows what was written', async (fate) => {
  const { client, coordinator } = join(new MemoryZookeeper());
  const { editions } = coordinator;
  await editions.write('a', undefined, first);
  client.loseNextAnswer('set', fate);
  expect(await editions.write('a', 0, second)).toBe(false);
  expect((await editions.read('a'))?.edition).toEqual(fate === 'applied' ? second : first);
});

test('an edition that is malformed is reported, not overwritten', async () => {
  const { client, coordinator } = join(new MemoryZookeeper());
  const { editions } = coordinator;
  await editions.write('a', undefined, first);
  await client.set(`${root}/editions/e_a`, Buffer.from('{"number":0}'), 0);
  await expect(editions.read('a')).rejects.toThrow('the edition of a data directory in ZooKeeper is malformed: number');
});
