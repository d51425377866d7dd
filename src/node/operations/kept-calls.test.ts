import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KvError } from '../../errors.js';
import type { Method } from '../../metrics/index.js';
import { KeptCall, KeptCalls, type Patience } from './kept-calls.js';

const refusal = new KvError('TAKEOVER_IN_PROGRESS', 'not yet');
const deadlineMs = 10_000;

let kept: KeptCalls;
/** The events, such as `try 1` and `refused 1 NO_PRIMARY`. */
let events: string[];
let room: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
  kept = new KeptCalls(() => 0);
  events = [];
  room = 1_000;
});
afterEach(() => {
  vi.useRealTimers();
});

function callOf(name: string, { shard = 0, kind = 'get' as Method, onTry = (_: KeptCall) => {} } = {}): KeptCall {
  const endMs = performance.now() + deadlineMs;
  const patience: Patience = {
    remainingMs: () => endMs - performance.now(),
    keep: () => room-- > 0,
    released: () => {
      room++;
    },
  };
  const tryAgain = () => {
    events.push(`try ${name}`);
    onTry(call);
  };
  const refuse = ({ code, message, executed }: KvError) => events.push(`refused ${name} ${code} ${executed}: ${message}`);
  const call = new KeptCall(shard, kind, 10, patience, tryAgain, refuse);
  return call;
}

describe('a call that is kept', () => {
  test('is tried again after a pause, and after longer pauses while it is refused', () => {
    const triedMs: number[] = [];
    const startMs = performance.now();
    const onTry = (call: KeptCall) => {
      triedMs.push(performance.now() - startMs);
      kept.keep(call, refusal);
    };
    kept.keep(callOf('1', { onTry }), refusal);
    vi.advanceTimersByTime(600);
    // Without jitter half of 10, 20, 40, ... 250 ms.
    expect(triedMs).toEqual([5, 15, 35, 75, 155, 280, 405, 530]);
  });

  test('is tried as soon as something about its shard or about the cluster has changed', () => {
    const onTry = (call: KeptCall) => void kept.keep(call, refusal);
    kept.keep(callOf('1', { onTry }), refusal);
    kept.keep(callOf('2', { kind: 'delete', onTry }), refusal);
    kept.keep(callOf('3', { shard: 1, onTry }), refusal);
    kept.changed(0);
    expect(events).toEqual(['try 1', 'try 2']);
    kept.changed(7);
    kept.clusterChanged();
    expect(events).toEqual(['try 1', 'try 2', 'try 1', 'try 2', 'try 3']);
  });

  test('is tried with all others of its queue once one of them is served', () => {
    for (let number = 1; number <= 200; number++) kept.keep(callOf(`${number}`), refusal);
    kept.keep(callOf('write', { kind: 'put' }), refusal);
    kept.changed(0);
    expect(events).toEqual(['try 1', 'try write']);
    kept.served(0, 'get');
    vi.runOnlyPendingTimers();
    expect(new Set(events).size).toBe(201);
    expect(room).toBe(1_000);
  });

  test('keeps others waiting no longer than a pause if its own attempt has no outcome', () => {
    for (const name of ['1', '2', '3']) kept.keep(callOf(name), refusal);
    vi.advanceTimersByTime(5);
    expect(events).toEqual(['try 1']);
    vi.advanceTimersByTime(300);
    expect(events).toEqual(['try 1', 'try 2', 'try 3']);
  });

  test('gets its last refusal shortly before its caller stops waiting', () => {
    const call = callOf('1', { onTry: (tried) => void kept.keep(tried, new KvError('NO_PRIMARY', 'none is known')) });
    kept.keep(call, refusal);
    vi.advanceTimersByTime(deadlineMs - 101);
    expect(new Set(events)).toEqual(new Set(['try 1']));
    vi.advanceTimersByTime(1);
    expect(events.at(-1)).toBe('refused 1 NO_PRIMARY no: none is known (the node tried for 9900 ms)');
    expect([room, vi.getTimerCount()]).toEqual([1_000, 0]);
  });

  test('is removed when its caller has gone, and frees its place', () => {
    const call = callOf('1');
    kept.keep(call, refusal);
    expect([kept.remove(call), kept.remove(call)]).toEqual([true, false]);
    expect([events, room, vi.getTimerCount()]).toEqual([[], 1_000, 0]);
  });

  test('is refused when the node stops taking calls, as is every later one', () => {
    kept.keep(callOf('1'), refusal);
    kept.close(new KvError('STOPPING', 'stopped'));
    expect(events).toEqual(['refused 1 STOPPING no: stopped']);
    expect(kept.keep(callOf('2'), refusal)).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a call is not kept without room for it, or if its caller does not wait any longer', () => {
  room = 1;
  expect(kept.keep(callOf('1'), refusal)).toBe(true);
  expect(kept.keep(callOf('2'), refusal)).toBe(false);
  room = 1;
  const late = callOf('3');
  vi.advanceTimersByTime(deadlineMs);
  expect(kept.keep(late, refusal)).toBe(false);
});
