/**
 * The ways between machines: how long bytes take from one to another, and which directions are cut. A seed decides
 * the delays.
 */

import { Random } from '../plan/random.js';
import type { EventQueue } from './event-queue.js';

/** Limits of one delivery. */
export interface Bounds {
  /** An earlier delivery arrives at this time. */
  readonly notBeforeMs?: number;
  /** Added to the delay of the way. */
  readonly lateMs?: number;
  /** Scripts: it waits as long as this returns true. */
  readonly isHeld?: () => boolean;
}

/** What streams and calls use of the ways between machines. */
export interface Ways {
  isCut(from: number, to: number): boolean;
  /** Runs `then` once the way is open, and at once if it is. `broken`: the connections on it broke meanwhile. */
  whenOpen(from: number, to: number, then: (broken: boolean) => void): void;
  /** Sends bytes now. Returns the time of their arrival. */
  carry(from: number, to: number, arrive: () => void, bounds?: Bounds): number;
  /** Whether the transport leaves this beacon out. */
  dropsBeacon(from: number, to: number): boolean;
}

interface Path {
  readonly random: Random;
  /** The number of faults that cut it. */
  cuts: number;
  extraMs: number;
  dropsBeacons: number;
  /** Work that waits for the end of a cut. It learns whether the connections broke. */
  waiting: ((broken: boolean) => void)[];
}

/** This share of the messages is slower by this factor. */
const stragglerShare = 0.02;
const stragglerFactor = 15;

export class Paths implements Ways {
  readonly #queue: EventQueue;
  readonly #seed: number;
  readonly #delayMs: number;
  readonly #paths = new Map<number, Path>();

  constructor(queue: EventQueue, seed: number, delayMs: number) {
    this.#queue = queue;
    this.#seed = seed;
    this.#delayMs = delayMs;
  }

  delayMs(from: number, to: number): number {
    const { random, extraMs } = this.#path(from, to);
    const straggles = random.chance(stragglerShare) ? stragglerFactor : 1;
    return this.#delayMs * (0.2 + random.next()) * straggles + extraMs * random.next();
  }

  isCut(from: number, to: number): boolean {
    return this.#path(from, to).cuts > 0;
  }

  carry(from: number, to: number, arrive: () => void, { notBeforeMs = 0, lateMs = 0 }: Bounds = {}): number {
    const { nowMs } = this.#queue;
    const arrivalMs = Math.max(notBeforeMs, nowMs + this.delayMs(from, to) + lateMs);
    this.#queue.after(arrivalMs - nowMs, arrive);
    return arrivalMs;
  }

  whenOpen(from: number, to: number, then: (broken: boolean) => void): void {
    const path = this.#path(from, to);
    if (path.cuts === 0) then(false);
    else path.waiting.push(then);
  }

  cut(from: number, to: number, breaks: boolean, forMs: number): void {
    if (from === to) return;
    const path = this.#path(from, to);
    path.cuts += 1;
    this.#queue.after(forMs, () => {
      path.cuts -= 1;
      if (path.cuts > 0) return;
      for (const then of path.waiting.splice(0)) then(breaks);
    });
  }

  slow(from: number, to: number, extraMs: number, forMs: number): void {
    const path = this.#path(from, to);
    path.extraMs += extraMs;
    this.#queue.after(forMs, () => {
      path.extraMs -= extraMs;
    });
  }

  dropBeacons(from: number, to: number, forMs: number): void {
    const path = this.#path(from, to);
    path.dropsBeacons += 1;
    this.#queue.after(forMs, () => {
      path.dropsBeacons -= 1;
    });
  }

  dropsBeacon(from: number, to: number): boolean {
    const path = this.#path(from, to);
    return path.dropsBeacons > 0 && path.random.chance(0.7);
  }

  #path(from: number, to: number): Path {
    const number = from * 64 + to;
    let path = this.#paths.get(number);
    if (path === undefined) {
      path = { random: Random.of(this.#seed, 100 + number), cuts: 0, extraMs: 0, dropsBeacons: 0, waiting: [] };
      this.#paths.set(number, path);
    }
    return path;
  }
}
