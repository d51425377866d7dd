import { EventEmitter } from 'node:events';
import { Metadata } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EarlyCalls } from './early-calls.js';
import { EarlyRequests } from './early-requests.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('unary calls that come before the node is live', () => {
  let calls: EarlyCalls;
  let events: string[];

  beforeEach(() => {
    calls = new EarlyCalls();
    events = [];
  });

  function send(name: string, header?: [string, string], request: object = {}) {
    const metadata = new Metadata();
    if (header !== undefined) metadata.set(...header);
    const call = Object.assign(new EventEmitter(), { request, metadata, getDeadline: () => Number.POSITIVE_INFINITY });
    calls.judge(
      call as never,
      () => events.push(`run ${name}`),
      ({ code, executed }) => events.push(`${name} ${code} ${executed}`),
    );
    return call;
  }

  test('are run once it is', () => {
    for (const name of ['1', '2']) send(name);
    expect(events).toEqual([]);
    calls.runAll();
    expect([events, vi.getTimerCount()]).toEqual([['run 1', 'run 2'], 0]);
  });

  test('are refused after ten seconds, at once if they do not wait, and beyond the limits', () => {
    send('1');
    send('2', ['kv-wait', 'no']);
    send('3', ['kv-forwarded', '1']);
    send('4', undefined, { value: Buffer.alloc(8 * 1024 * 1024 + 1) });
    const atOnce = ['2 NO_PRIMARY no', '3 NO_PRIMARY no', '4 NO_PRIMARY no'];
    expect(events).toEqual(atOnce);
    vi.advanceTimersByTime(10_000);
    expect(events).toEqual([...atOnce, '1 NO_PRIMARY no']);
    for (let count = 0; count < 1_025; count++) send(`${count}`);
    expect(events.at(-1)).toBe('1024 NO_PRIMARY no');
  });

  test('are forgotten when their callers give up', () => {
    send('1').emit('cancelled');
    calls.runAll();
    expect([events, vi.getTimerCount()]).toEqual([[], 0]);
  });
});

test('requests over HTTP wait until the node is live, for ten seconds, and at most 512 of them', async () => {
  const requests = new EarlyRequests();
  const late = requests.whenStarted();
  vi.advanceTimersByTime(10_000);
  await late;
  const waiting = Array.from({ length: 512 }, () => requests.whenStarted());
  expect(requests.whenStarted()).toBeUndefined();
  requests.goOn();
  await Promise.all(waiting);
  expect([requests.whenStarted(), vi.getTimerCount()]).toEqual([undefined, 0]);
});
