/**
 * Limits the operations in flight, their bytes, and the operations that wait for a place: first come, first served.
 *
 * An operation that fails here was never sent. A free place goes to the first waiter, so that new operations cannot overtake it. An
 * operation that is larger than all bytes that may be in flight is sent alone.
 */
import { KvError } from '../../errors.js';
import type { Limits } from '../call-limits.js';
import { DeadlineSweep } from './deadline-sweep.js';

/** Receives the end of its wait, once. */
export interface Entrant {
  /** It has a place now, and returns it with `leave`. */
  admitted(): void;
  /** OVERLOADED, DEADLINE_EXCEEDED, CANCELLED, CLOSED, all definitely not executed. */
  refused(error: KvError): void;
}

/** A link of the queue. A waiter that gives up is unlinked at once, so that the queue holds no more than it counts. */
interface Waiter {
  previous: Waiter | undefined;
  next: Waiter | undefined;
  readonly entrant: Entrant;
  readonly bytes: number;
  readonly limits: Limits;
  /** The listener on its signal; undefined if it has no signal. */
  cancel: (() => void) | undefined;
}

/** Time between two checks of the deadlines of all waiters. */
const sweepMs = 20;

/** Counts the waiters of several queues that share one limit. */
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
  #isAdmitting = false;
  #first: Waiter | undefined;
  #last: Waiter | undefined;
  readonly #sweep = new DeadlineSweep((nowMs) => this.#expire(nowMs));

  constructor({ maxInFlight, maxInFlightBytes, maxQueued }: InFlightLimits, backlog = new Backlog()) {
    this.#backlog = backlog;
    this.#maxInFlight = maxInFlight;
    this.#maxBytes = maxInFlightBytes;
    this.#maxQueued = maxQueued;
  }

  /** The operations in flight, 0 to `maxInFlight`. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** The operations that wait for a place, 0 to `maxQueued`. */
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

  /** Returns the place of an operation with this many bytes. */
  leave(bytes: number): void {
    this.#inFlight -= 1;
    this.#bytes -= bytes;
    this.#admitWaiting();
  }

  /** Lets all waiters in, beyond every limit. */
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

  /** An operation that is admitted may leave at once: the call under way then admits the next one, so that calls do not nest. */
  #admitWaiting(): void {
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    try {
      for (let waiter = this.#first; waiter !== undefined && this.#hasRoomFor(waiter.bytes); waiter = this.#first)
        this.#admit(waiter);
    } finally {
      this.#isAdmitting = false;
    }
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

  /** Refuses the waiters whose deadline has passed. @returns when to check again. */
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

  /** A waiter behind it may fit where this one did not. */
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
    // The timer would keep the process alive.
    if (this.#queued === 0) this.#sweep.stop();
  }
}

function abandoned(code: 'CANCELLED' | 'DEADLINE_EXCEEDED', message: string): KvError {
  return new KvError(code, message, { executed: 'no' });
}
