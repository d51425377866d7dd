import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SendBatching, type Sender } from './send-batching.js';

class Stream implements Sender {
  unsent = 0;
  unanswered = 0;
  roundTripMs = 0;
  /** How many left in each message. */
  readonly messages: number[] = [];

  constructor(batching: SendBatching, has: Partial<Pick<Sender, 'unsent' | 'unanswered' | 'roundTripMs'>>) {
    Object.assign(this, has);
    batching.join(this);
  }

  sendWaiting(): void {
    if (this.unsent === 0) return;
    this.messages.push(this.unsent);
    this.unanswered += this.unsent;
    this.unsent = 0;
  }
}

let batching: SendBatching;

beforeEach(() => {
  vi.useFakeTimers();
  batching = new SendBatching();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the batching of a client', () => {
  test('a few operations behind many at another node wait until those are answered, and leave with what is for that node', () => {
    const quiet = new Stream(batching, { unsent: 5 });
    const busy = new Stream(batching, { unanswered: 100 });
    batching.flush();
    expect(quiet.messages).toEqual([]);
    Object.assign(busy, { unanswered: 10, unsent: 40 });
    batching.flush();
    expect([quiet.messages, busy.messages]).toEqual([[5], [40]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('nothing waits longer than a round trip of its own node, be another as slow as it likes', () => {
    const quick = new Stream(batching, { unsent: 5, roundTripMs: 2 });
    new Stream(batching, { unanswered: 100, roundTripMs: 900 });
    batching.flush();
    vi.advanceTimersByTime(2);
    expect(quick.messages).toEqual([5]);
  });

  test('where no round trip is known, or a long one, the wait is of milliseconds all the same', () => {
    const slow = new Stream(batching, { unsent: 5, unanswered: 100, roundTripMs: 900 });
    batching.flush();
    vi.advanceTimersByTime(10);
    expect(slow.messages).toEqual([5]);
    Object.assign(slow, { unsent: 3, roundTripMs: 0 });
    batching.flush();
    vi.advanceTimersByTime(1);
    expect(slow.messages).toEqual([5, 3]);
  });

  test('nobody waits behind a few, and so many do not wait that their messages are large as they are', () => {
    const few = new Stream(batching, { unsent: 1, unanswered: 31 });
    batching.flush();
    expect(few.messages).toEqual([1]);
    const many = new Stream(batching, { unsent: 255, unanswered: 1_000 });
    batching.flush();
    expect(many.messages).toEqual([]);
    many.unsent = 256;
    batching.flush();
    expect(many.messages).toEqual([256]);
  });

  test('a stream that is closed counts no more', () => {
    const gone = new Stream(batching, { unanswered: 100 });
    batching.leave(gone);
    const left = new Stream(batching, { unsent: 1 });
    batching.flush();
    expect(left.messages).toEqual([1]);
  });
});
