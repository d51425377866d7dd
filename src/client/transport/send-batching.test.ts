import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Sender, SendRounds } from './send-batching.js';

class Stream implements Sender {
  unsent = 0;
  unanswered = 0;
  roundTripMs = 0;
  /** How many left in each message. */
  readonly messages: number[] = [];

  constructor(rounds: SendRounds, has: Partial<Pick<Sender, 'unsent' | 'unanswered' | 'roundTripMs'>>) {
    Object.assign(this, has);
    rounds.join(this);
  }

  sendWaiting(): void {
    if (this.unsent === 0) return;
    this.messages.push(this.unsent);
    this.unanswered += this.unsent;
    this.unsent = 0;
  }
}

let rounds: SendRounds;

beforeEach(() => {
  vi.useFakeTimers();
  rounds = new SendRounds();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the rounds of a client', () => {
  test('a few operations behind many at another node wait until those are answered, and leave with what is for that node', () => {
    const quiet = new Stream(rounds, { unsent: 5 });
    const busy = new Stream(rounds, { unanswered: 100 });
    rounds.flush();
    expect(quiet.messages).toEqual([]);
    Object.assign(busy, { unanswered: 10, unsent: 40 });
    rounds.flush();
    expect([quiet.messages, busy.messages]).toEqual([[5], [40]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('nothing waits longer than a round trip of its own node, be another as slow as it likes', () => {
    const quick = new Stream(rounds, { unsent: 5, roundTripMs: 2 });
    new Stream(rounds, { unanswered: 100, roundTripMs: 900 });
    rounds.flush();
    vi.advanceTimersByTime(2);
    expect(quick.messages).toEqual([5]);
  });

  test('where no round trip is known, or a long one, the wait is of milliseconds all the same', () => {
    const slow = new Stream(rounds, { unsent: 5, unanswered: 100, roundTripMs: 900 });
    rounds.flush();
    vi.advanceTimersByTime(10);
    expect(slow.messages).toEqual([5]);
    Object.assign(slow, { unsent: 3, roundTripMs: 0 });
    rounds.flush();
    vi.advanceTimersByTime(1);
    expect(slow.messages).toEqual([5, 3]);
  });

  test('nobody waits behind a few, and so many do not wait that their messages are large as they are', () => {
    const few = new Stream(rounds, { unsent: 1, unanswered: 31 });
    rounds.flush();
    expect(few.messages).toEqual([1]);
    const many = new Stream(rounds, { unsent: 255, unanswered: 1_000 });
    rounds.flush();
    expect(many.messages).toEqual([]);
    many.unsent = 256;
    rounds.flush();
    expect(many.messages).toEqual([256]);
  });

  test('a stream that is closed counts no more', () => {
    const gone = new Stream(rounds, { unanswered: 100 });
    rounds.leave(gone);
    const left = new Stream(rounds, { unsent: 1 });
    rounds.flush();
    expect(left.messages).toEqual([1]);
  });
});
