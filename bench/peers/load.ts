/** The two kinds of load, the same for every store: the highest rate, and a given rate. */
import { setTimeout as pause } from 'node:timers/promises';
import type { StartNext } from './operations.js';
import { Tally } from './tally.js';

/** The pause after a failure, so that operations that fail at once do not become a busy loop. */
const pauseAfterFailureMs = 10;

export interface Window {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/**
 * Closed loops, one for each operation in flight: each operation starts when the previous one has ended. Operations
 * that end within the window are counted.
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
 * An open loop: operations are due every millisecond, whether or not earlier ones have ended, and their time counts
 * from their due time. So neither a slow store nor a late client hides the wait of its users.
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
