import { expect, test } from 'vitest';
import { PlannedStop } from './planned-stop.js';

test('a stop of no shards is over at once', async () => {
  expect(await new PlannedStop([]).unclean).toBe(0);
});

test('a stop is over when each shard has stopped, with the number of unclean ones', async () => {
  const stop = new PlannedStop(['a', 'b', 'c']);
  let unclean: number | undefined;
  void stop.unclean.then((number) => {
    unclean = number;
  });
  stop.stopped('a', false);
  stop.stopped('a', false);
  stop.stopped('b', true);
  await Promise.resolve();
  expect(unclean).toBeUndefined();
  stop.stopped('unknown', false);
  stop.stopped('c', true);
  expect(await stop.unclean).toBe(1);
});
