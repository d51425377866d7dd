import { describe, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import { type Limits, limitsOf } from '../call-limits.js';
import { InFlightLimit } from './in-flight-limit.js';

const patient = limitsOf({}, 60_000);

const enter = (limit: InFlightLimit, bytes: number, limits: Limits) =>
  new Promise<void>((admitted, refused) => limit.enter(bytes, limits, { admitted, refused }));

const limitOf = (maxInFlight: number, maxQueued: number) => new InFlightLimit({ maxInFlight, maxQueued, maxInFlightBytes: 100 });

describe('in-flight limit', () => {
  test('a place that becomes free - goes to the operation that has waited longest, not to a new one', async () => {
    const limit = limitOf(1, 10);
    expect(limit.tryEnter(1)).toBe(true);
    const order: number[] = [];
    const first = enter(limit, 1, patient).then(() => order.push(1));
    const second = enter(limit, 1, patient).then(() => order.push(2));
    limit.leave(1);
    expect(limit.tryEnter(1)).toBe(false);
    await first;
    limit.leave(1);
    await second;
    expect(order).toEqual([1, 2]);
    limit.leave(1);
    expect([limit.inFlight, limit.queued]).toEqual([0, 0]);
  });

  test('waiters that give up - are skipped and hold no place in the queue', async () => {
    const limit = limitOf(1, 3);
    limit.tryEnter(1);
    const controller = new AbortController();
    const cancelled = enter(limit, 1, limitsOf({ signal: controller.signal }, 60_000));
    const expired = enter(limit, 1, limitsOf({ deadlineMs: 1 }, 60_000));
    const patientOne = enter(limit, 1, patient);
    await expect(enter(limit, 1, patient)).rejects.toMatchObject({ code: 'OVERLOADED', executed: 'no' });
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED', executed: 'no' });
    await expect(expired).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', executed: 'no' });
    expect(limit.queued).toBe(1);
    limit.leave(1);
    await patientOne;
    expect([limit.inFlight, limit.queued]).toEqual([1, 0]);
  });

  test('refuseAll - empties the queue', async () => {
    const limit = limitOf(1, 3);
    limit.tryEnter(1);
    const waiting = [enter(limit, 1, patient), enter(limit, 1, patient)];
    limit.refuseAll(new KvError('CLOSED', 'closed'));
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'CLOSED' });
    limit.leave(1);
    expect([limit.inFlight, limit.queued]).toEqual([0, 0]);
  });

  test('waiters that leave as soon as they are admitted - do so one after the other, however many they are', () => {
    const waiters = 100_000;
    const limit = limitOf(1, waiters);
    limit.tryEnter(1);
    const order: number[] = [];
    for (let index = 0; index < waiters; index++)
      limit.enter(1, patient, {
        admitted() {
          order.push(index);
          limit.leave(1);
        },
        refused: () => order.push(-1),
      });
    limit.leave(1);
    expect(order).toEqual(order.map((_, index) => index));
    expect([order.length, limit.inFlight, limit.queued]).toEqual([waiters, 0, 0]);
  });

  test('bytes - are limited as places are; an operation larger than the limit runs alone', async () => {
    const limit = limitOf(10, 10);
    expect(limit.tryEnter(60)).toBe(true);
    expect(limit.tryEnter(60)).toBe(false);
    const large = enter(limit, 500, patient);
    const small = enter(limit, 10, patient);
    expect(limit.tryEnter(1)).toBe(false);
    limit.leave(60);
    await large;
    expect([limit.inFlight, limit.queued]).toEqual([1, 1]);
    limit.leave(500);
    await small;
    expect([limit.inFlight, limit.queued]).toEqual([1, 0]);
  });

  test('a large waiter that gives up - lets in those behind it that fit', async () => {
    const limit = limitOf(10, 10);
    limit.tryEnter(60);
    const controller = new AbortController();
    const large = enter(limit, 60, limitsOf({ signal: controller.signal }, 60_000));
    const small = enter(limit, 40, patient);
    controller.abort();
    await expect(large).rejects.toMatchObject({ code: 'CANCELLED' });
    await small;
    expect([limit.inFlight, limit.queued]).toEqual([2, 0]);
  });
});

test('an empty queue - leaves no timer behind that would keep the process alive', async () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const limit = limitOf(1, 10);
  limit.tryEnter(1);
  const waiting = enter(limit, 1, patient);
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(before + 1);
  limit.leave(1);
  await waiting;
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(before);
});
