/** How fast the servers answer a session, and what chance decides about it. */
import type { Random } from '../plan/random.js';

export interface SessionPace {
  /** Of each way: to the servers, and back. */
  delayMs(): number;
  /** From a change to the read that its watch brings about. */
  watchDelayMs(): number;
  /** Whether a compare-and-set is done although its connection is lost before it arrives. */
  survives(): boolean;
  /** Everything is read again after this time (R14). Undefined: never. */
  readonly readAgainMs: number | undefined;
}

const leastDelayMs = 0.2;
const delayRangeMs = 4;
/** This share of the watches fires up to `lateWatchMs` late. */
const lateWatches = 0.03;
const lateWatchMs = 3000;

export function seededPace(random: Random, sessionMs: number): SessionPace {
  const delayMs = (): number => leastDelayMs + random.next() * delayRangeMs;
  return {
    delayMs,
    watchDelayMs: () => (random.chance(lateWatches) ? random.below(lateWatchMs) : delayMs()),
    survives: () => random.chance(0.7),
    readAgainMs: sessionMs / 2,
  };
}

/** A script decides what happens when. */
export const scriptedPace: SessionPace = {
  delayMs: () => 0,
  watchDelayMs: () => 0,
  survives: () => false,
  readAgainMs: undefined,
};
