import { describe, expect, test } from 'vitest';
import { KvError } from '../errors.js';
import { InFlightLimit } from './in-flight-limit.js';
import { limitsOf } from './limits.js';

const patient = limitsOf({}, 60_000);

describe('in-flight limit', () => {
  test('a place that comes free - goes to the first waiter, not to a newcomer', async () => {
    const limit = new InFlightLimit(1, 10);
    expect(limit.tryEnter()).toBe(true);
    const order: number[] = [];
    const first = limit.enter(patient).then(() => order.push(1));
    const second = limit.enter(patient).then(() => order.push(2));
    limit.leave();
    expect(limit.tryEnter()).toBe(false);
    await first;
    limit.leave();
    await second;
    expect(order).toEqual([1, 2]);
    limit.leave();
    expect([limit.inFlight, limit.queued]).toEqual([0, 0]);
  });

  test('waiters that give up - are skipped and hold no place in the queue', async () => {
    const limit = new InFlightLimit(1, 3);
    limit.tryEnter();
    const controller = new AbortController();
    const cancelled = limit.enter(limitsOf({ signal: controller.signal }, 60_000));
    const expired = limit.enter(limitsOf({ deadlineMs: 1 }, 60_000));
    const patientOne = limit.enter(patient);
    await expect(limit.enter(patient)).rejects.toMatchObject({ code: 'OVERLOADED', executed: 'no' });
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED', executed: 'no' });
    await expect(expired).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', executed: 'no' });
    expect(limit.queued).toBe(1);
    limit.leave();
    await patientOne;
    expect([limit.inFlight, limit.queued]).toEqual([1, 0]);
  });

  test('refuseAll - empties the queue', async () => {
    const limit = new InFlightLimit(1, 3);
    limit.tryEnter();
    const waiting = [limit.enter(patient), limit.enter(patient)];
    limit.refuseAll(new KvError('CLOSED', 'closed'));
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'CLOSED' });
    limit.leave();
    expect([limit.inFlight, limit.queued]).toEqual([0, 0]);
  });
});
