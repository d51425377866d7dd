import { expect, it } from 'vitest';
import { CoalescedTask } from './coalesced-task.js';

it('has at most one run in flight and one waiting, however many runs are requested', async () => {
  let inFlight = 0;
  let runs = 0;
  const task = new CoalescedTask(async () => {
    inFlight += 1;
    runs += 1;
    expect(inFlight).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    inFlight -= 1;
    if (runs === 1) throw new Error('the first run fails');
  });
  const first = task.run();
  const others = [task.run(), task.run(), task.run()];
  await expect(first).rejects.toThrow('the first run fails');
  await Promise.all(others);
  expect(runs).toBe(2);
});
