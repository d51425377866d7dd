import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PerShardQueue } from './per-shard-queue.js';

class Work {
  readonly log: string[] = [];
  readonly failures: unknown[] = [];
  readonly tasks: PerShardQueue;
  readonly #ends = new Map<string, (error?: Error) => void>();

  constructor(maxRunning: number) {
    this.tasks = new PerShardQueue(maxRunning, (error) => this.failures.push(error));
  }

  add(shard: number, name: string): void {
    this.tasks.add(shard, () => {
      this.log.push(name);
      return new Promise((resolve, reject) => this.#ends.set(name, (error) => (error ? reject(error) : resolve())));
    });
  }

  async end(name: string, error?: Error): Promise<void> {
    this.#ends.get(name)!(error);
    await nextTurn();
  }
}

test('tasks of one shard run one after the other, while those of others continue', async () => {
  const work = new Work(10);
  work.add(1, 'register 1');
  work.add(1, 'withdraw 1');
  work.add(2, 'register 2');
  expect(work.log).toEqual(['register 1', 'register 2']);
  await work.end('register 1');
  expect(work.log.at(-1)).toBe('withdraw 1');
});

test('no more tasks than the limit run at the same time, in the order in which they arrived', async () => {
  const work = new Work(2);
  for (let shard = 0; shard < 4; shard++) work.add(shard, `register ${shard}`);
  expect(work.log).toEqual(['register 0', 'register 1']);
  await work.end('register 1');
  expect(work.log).toEqual(['register 0', 'register 1', 'register 2']);
});

test('a task that fails is reported, and delays no other', async () => {
  const work = new Work(1);
  work.add(1, 'register 1');
  work.add(2, 'register 2');
  const error = new Error('refused');
  await work.end('register 1', error);
  expect(work.failures).toEqual([error]);
  expect(work.log).toEqual(['register 1', 'register 2']);
});
