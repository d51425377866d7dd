/**
 * How many operations are under way at once, and of how many bytes, and how many may wait for a place: first come, first
 * served.
 *
 * Whatever fails here was never sent. A place that comes free goes straight to the first waiter, so that newcomers
 * cannot overtake it. An operation larger than all bytes that may be under way goes alone.
 */
import { KvError } from '../../errors.js';
import type { Limits } from '../limits.js';
import { DeadlineSweep } from './deadline-sweep.js';

/** Hears once what became of its waiting. */
export interface Entrant {
  /** It has its place now, and gives it back with `leave`. */
  admitted(): void;
  /** OVERLOADED, DEADLINE_EXCEEDED, CANCELLED, CLOSED, all definitely not executed. */
  refused(error: KvError): void;
}

/** A link of the queue. Those who give up are unlinked at once, so that the queue holds no more than it counts. */
interface Waiter {
  previous: Waiter | undefined;
  next: Waiter | undefined;
  readonly entrant: Entrant;
  readonly bytes: number;
  readonly limits: Limits;
  /** Heard by its signal; undefined where there is none. */
  cancel: (() => void) | undefined;
}

/** Many wait at the same time, with as many deadlines: one look at all of them in so long is enough. */
const sweepMs = 20;

/** Those who wait, counted together where several queues share one bound. */
export class Backlog {
  queued = 0;
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
  readonly #backlog: Backlog;
  #queued = 0;
  #first: Waiter | undefined;
  #last: Waiter | undefined;
  readonly #sweep = new DeadlineSweep((nowMs) => this.#expire(nowMs));

  constructor({ maxInFlight, maxInFlightBytes, maxQueued }: InFlightLimits, backlog = new Backlog()) {
    this.#backlog = backlog;
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

  /** Waits for a place. */
  enter(bytes: number, limits: Limits, entrant: Entrant): void {
    if (this.#backlog.queued >= this.#maxQueued)
      entrant.refused(new KvError('OVERLOADED', `${this.#maxQueued} operations wait in this client already`));
    else if (limits.signal?.aborted) entrant.refused(abandoned('CANCELLED', 'given up before it was sent'));
    else this.#enqueue(bytes, limits, entrant);
  }

  /** Gives back the place of an operation that came in with as many bytes. */
  leave(bytes: number): void {
    this.#inFlight -= 1;
    this.#bytes -= bytes;
    this.#admitWaiting();
  }

  /** Beyond every bound: what they waited for is no longer scarce. */
  admitAll(): void {
    while (this.#first !== undefined) this.#admit(this.#first);
  }

  refuseAll(error: KvError): void {
    while (this.#first !== undefined) this.#refuse(this.#first, error);
  }

  #hasRoomFor(bytes: number): boolean {
    if (this.#inFlight >= this.#maxInFlight) return false;
    return this.#bytes + bytes <= this.#maxBytes || this.#inFlight === 0;
  }

  #admitWaiting(): void {
    for (let waiter = this.#first; waiter !== undefined && this.#hasRoomFor(waiter.bytes); waiter = this.#first)
      this.#admit(waiter);
  }

  #admit(waiter: Waiter): void {
    this.#unlink(waiter);
    this.#inFlight += 1;
    this.#bytes += waiter.bytes;
    waiter.entrant.admitted();
  }

  #enqueue(bytes: number, limits: Limits, entrant: Entrant): void {
    const waiter: Waiter = { previous: this.#last, next: undefined, entrant, bytes, limits, cancel: undefined };
    if (limits.signal !== undefined) {
      waiter.cancel = () => {
        this.#refuse(waiter, abandoned('CANCELLED', 'given up while it waited for its turn in this client'));
        this.#admitWaiting();
      };
      limits.signal.addEventListener('abort', waiter.cancel);
    }
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#queued += 1;
    this.#backlog.queued += 1;
    this.#sweep.watch(limits.deadlineAtMs);
  }

  /** Refuses those whose deadline has passed, and tells when to look again. */
  #expire(nowMs: number): number {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (let waiter = this.#first; waiter !== undefined; ) {
      const { next, limits } = waiter;
      if (limits.deadlineAtMs > nowMs) earliestMs = Math.min(earliestMs, limits.deadlineAtMs);
      else
        this.#refuse(waiter, abandoned('DEADLINE_EXCEEDED', 'the deadline passed while it waited for its turn in this client'));
      waiter = next;
    }
    this.#admitWaiting();
    return Math.max(earliestMs, nowMs + sweepMs);
  }

  /** Whoever waits behind it may fit where it did not. */
  #refuse(waiter: Waiter, error: KvError): void {
    this.#unlink(waiter);
    waiter.entrant.refused(error);
  }

  #unlink(waiter: Waiter): void {
    if (waiter.cancel !== undefined) waiter.limits.signal?.removeEventListener('abort', waiter.cancel);
    if (waiter.previous === undefined) this.#first = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#last = waiter.previous;
    else waiter.next.previous = waiter.previous;
    this.#queued -= 1;
    this.#backlog.queued -= 1;
    // Its timer would keep the process alive.
    if (this.#queued === 0) this.#sweep.stop();
  }
}

function abandoned(code: 'CANCELLED' | 'DEADLINE_EXCEEDED', message: string): KvError {
  return new KvError(code, message, { executed: 'no' });
}
