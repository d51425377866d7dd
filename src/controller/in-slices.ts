/** Runs a long computation in slices, so that other work on the event loop gets its turn between two slices. */
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import type { Steps } from '../placement/index.js';

/** @returns the result, or undefined if the signal ended it. It does not yield if one slice is enough. */
export async function inSlices<Result>(steps: Steps<Result>, sliceMs: number, signal: AbortSignal): Promise<Result | undefined> {
  while (!signal.aborted) {
    const endMs = performance.now() + sliceMs;
    do {
      const { done, value } = steps.next();
      if (done === true) return value;
    } while (performance.now() < endMs);
    await turnOfOthers();
  }
  return undefined;
}
