/**
 * How many operations are under way at once, and of how many bytes, and how many may wait for a place: first come, first
 * served.
 *
 * Whatever fails here was never sent. A place that comes free goes straight to the first waiter, so that newcomers
 * cannot overtake it. An operation larger than all bytes that may be under way goes alone.
 */
import { KvError } from '../errors.js';
import { type Limits, monotonicNowMs } from './limits.js';

/** A link of the queue. Those who give up are unlinked at once, so that the queue holds no more than it counts. */
interface Waiter {
  previous: Waiter | undefined;
  next: Waiter | undefined;
  readonly bytes: number;
  admit(): void;
  refuse(error: KvError): void;
}

export interface InFlightLimits {
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
  readonly maxQueued: number;
}

export class InFlightLimit {
  readonly #maxInFlight: number;
  readonly #maxBytes: number;
  readonly #maxQueued: number;
  #inFlight = 0;
  #bytes = 0;
  #queued = 0;
  #first: Waiter | undefined;
  #last: Waiter | undefined;

  constructor({ maxInFlight, maxInFlightBytes, maxQueued }: InFlightLimits) {
    this.#maxInFlight = maxInFlight;
    this.#maxBytes = maxInFlightBytes;
    this.#maxQueued = maxQueued;
  }

  /** Operations that have a place, 0 to `maxInFlight`. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Operations that wait for one, 0 to `maxQueued`. */
  get queued(): number {
    return this.#queued;
  }

  /** Takes a free place if there is one; costs no promise. */
  tryEnter(bytes: number): boolean {
    if (this.#first !== undefined || !this.#hasRoomFor(bytes)) return false;
    this.#inFlight += 1;
    this.#bytes += bytes;
    return true;
  }

  /** Waits for a place. @throws KvError OVERLOADED, DEADLINE_EXCEEDED, CANCELLED, CLOSED, all definitely not executed. */
  enter(bytes: number, limits: Limits): Promise<void> {
    if (this.#queued >= this.#maxQueued)
      return Promise.reject(new KvError('OVERLOADED', `${this.#maxQueued} operations wait in this client already`));
    if (limits.signal?.aborted) return Promise.reject(abandoned('CANCELLED', 'given up before it was sent'));
    return new Promise((resolve, reject) => this.#enqueue(bytes, limits, resolve, reject));
  }

  /** Gives back the place of an operation that came in with as many bytes. */
  leave(bytes: number): void {
    this.#inFlight -= 1;
    this.#bytes -= bytes;
    this.#admitWaiting();
  }

  refuseAll(error: KvError): void {
    while (this.#first !== undefined) this.#first.refuse(error);
  }

  #hasRoomFor(bytes: number): boolean {
    if (this.#inFlight >= this.#maxInFlight) return false;
    return this.#bytes + bytes <= this.#maxBytes || this.#inFlight === 0;
  }

  #admitWaiting(): void {
    while (this.#first !== undefined && this.#hasRoomFor(this.#first.bytes)) this.#first.admit();
  }

  #enqueue(bytes: number, limits: Limits, resolve: () => void, reject: (error: KvError) => void): void {
    const settle = () => {
      this.#unlink(waiter);
      clearTimeout(timer);
      limits.signal?.removeEventListener('abort', cancel);
    };
    const refuse = (error: KvError) => {
      settle();
      reject(error);
    };
    /** Whoever waits behind a large operation may fit where it did not. */
    const giveUp = (error: KvError) => {
      refuse(error);
      this.#admitWaiting();
    };
    const admit = () => {
      settle();
      this.#inFlight += 1;
      this.#bytes += bytes;
      resolve();
    };
    const cancel = () => giveUp(abandoned('CANCELLED', 'given up while it waited for its turn in this client'));
    const expire = () =>
      giveUp(abandoned('DEADLINE_EXCEEDED', 'the deadline passed while it waited for its turn in this client'));
    const waiter: Waiter = { previous: this.#last, next: undefined, bytes, admit, refuse };
    const timer = setTimeout(expire, Math.max(0, Math.ceil(limits.deadlineAtMs - monotonicNowMs())));
    limits.signal?.addEventListener('abort', cancel);
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#queued += 1;
  }

  #unlink(waiter: Waiter): void {
    if (waiter.previous === undefined) this.#first = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#last = waiter.previous;
    else waiter.next.previous = waiter.previous;
    this.#queued -= 1;
  }
}

function abandoned(code: 'CANCELLED' | 'DEADLINE_EXCEEDED', message: string): KvError {
  return new KvError(code, message, { executed: 'no' });
}
