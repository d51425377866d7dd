/** Long computations on an event loop that others need: a slice of it, then whoever else is due, then the next slice. */
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Steps } from '../placement/index.js';

/** @returns what it comes to, or undefined if it was given up because of the signal. Without pause if one slice is enough. */
export async function inSlices<Result>(steps: Steps<Result>, sliceMs: number, signal: AbortSignal): Promise<Result | undefined> {
  while (!signal.aborted) {
    const endMs = performance.now() + sliceMs;
    do {
      const { done, value } = steps.next();
      if (done === true) return value;
    } while (performance.now() < endMs);
    await othersTurn();
  }
  return undefined;
}
