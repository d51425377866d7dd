/** The two ways to put load on a store, the same for all of them: as fast as it goes, and at a given rate. */
import { setTimeout as pause } from 'node:timers/promises';
import type { StartNext } from './operations.js';
import { Tally } from './tally.js';

/** After a failure: what fails at once must not become a busy loop. */
const pauseAfterFailureMs = 10;

export interface Window {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/**
 * Closed loops, one for each operation in flight: the next starts when the one before it has ended. What ends within the
 * window is counted.
 */
export async function highestRate(start: StartNext, inFlight: number, window: Window): Promise<Tally> {
  const tally = new Tally();
  const fromMs = performance.now() + window.warmUpMs;
  const untilMs = fromMs + window.measureMs;
  const loop = async (): Promise<void> => {
    for (let startedMs = performance.now(); startedMs < untilMs; ) {
      let failure: { readonly error: unknown } | undefined;
      try {
        await start();
      } catch (error) {
        failure = { error };
      }
      const endedMs = performance.now();
      const counts = endedMs >= fromMs && endedMs < untilMs;
      if (counts && failure === undefined) tally.success(endedMs - startedMs);
      else if (counts) tally.failure(failure?.error);
      if (failure !== undefined) await pause(pauseAfterFailureMs);
      startedMs = performance.now();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return tally;
}

/**
 * An open loop: operations fall due every millisecond, whether or not earlier ones have ended, and their time counts from
 * the moment when they were due. So neither a slow store nor a late client hides what its users would wait.
 */
export async function givenRate(start: StartNext, perSecond: number, window: Window): Promise<Tally> {
  const tally = new Tally();
  const startedMs = performance.now();
  const lastTick = Math.floor(window.warmUpMs + window.measureMs);
  const pending = new Set<Promise<void>>();
  let begun = 0;
  for (let tick = 1; tick <= lastTick; ) {
    const dueTick = Math.min(lastTick, Math.floor(performance.now() - startedMs));
    for (; tick <= dueTick; tick += 1) {
      const dueMs = startedMs + tick;
      const due = Math.floor((perSecond * tick) / 1_000);
      for (; begun < due; begun += 1) {
        const operation = follow(start, dueMs, tick > window.warmUpMs ? tally : undefined);
        pending.add(operation);
        void operation.then(() => pending.delete(operation));
      }
    }
    await pause(1);
  }
  await Promise.all(pending);
  return tally;
}

/** Never rejects. */
async function follow(start: StartNext, dueMs: number, tally: Tally | undefined): Promise<void> {
  try {
    await start();
    tally?.success(performance.now() - dueMs);
  } catch (error) {
    tally?.failure(error);
  }
}
