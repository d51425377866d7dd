import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SendBatching, type Sender } from './send-batching.js';

class Stream implements Sender {
  unsent = 0;
  unanswered = 0;
  roundTripMs = 0;
  /** The number of operations in each message. */
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
  test('a few operations wait while another node has many unanswered, and leave together with operations for it', () => {
    const quiet = new Stream(batching, { unsent: 5 });
    const busy = new Stream(batching, { unanswered: 100 });
    batching.flush();
    expect(quiet.messages).toEqual([]);
    Object.assign(busy, { unanswered: 10, unsent: 40 });
    batching.flush();
    expect([quiet.messages, busy.messages]).toEqual([[5], [40]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('nothing waits longer than a round trip of its own node, however slow another is', () => {
    const quick = new Stream(batching, { unsent: 5, roundTripMs: 2 });
    new Stream(batching, { unanswered: 100, roundTripMs: 900 });
    batching.flush();
    vi.advanceTimersByTime(2);
    expect(quick.messages).toEqual([5]);
  });

  test('the wait is a few milliseconds where no round trip is known, or a long one', () => {
    const slow = new Stream(batching, { unsent: 5, unanswered: 100, roundTripMs: 900 });
    batching.flush();
    vi.advanceTimersByTime(10);
    expect(slow.messages).toEqual([5]);
    Object.assign(slow, { unsent: 3, roundTripMs: 0 });
    batching.flush();
    vi.advanceTimersByTime(1);
    expect(slow.messages).toEqual([5, 3]);
  });

  test('operations do not wait behind a few, nor if they are many, since their messages are large anyway', () => {
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

  test('a closed stream does not count', () => {
    const gone = new Stream(batching, { unanswered: 100 });
    batching.leave(gone);
    const left = new Stream(batching, { unsent: 1 });
    batching.flush();
    expect(left.messages).toEqual([1]);
  });
});
