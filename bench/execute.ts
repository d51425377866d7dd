/**
 * The third stage without --rate: closed loops, one for each place in flight. They continue after every failure.
 *
 * The cost of the loop reduces the measured rate. So an operation costs one reading of the clock, since its end is the
 * start of the next operation, and no object.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError } from '../src/index.js';
import { sharedNowMs } from './clock.js';
import type { Generator } from './generate.js';
import type { GapTracker } from './outages.js';
import type { BenchRecorder } from './recorder.js';
import { type BenchSession, readAndCheck, writeAndRecord } from './session.js';

/** The pause after a failure, so that operations that fail at once do not become a busy loop. */
const pauseAfterErrorMs = 10;

export interface Execution {
  readonly session: BenchSession;
  readonly generator: Generator;
  readonly recorder: BenchRecorder;
  readonly gaps: GapTracker;
}

/**
 * Resolves when `isOver` returns true and every operation in flight has ended.
 *
 * @param isOver is called before every operation
 */
export async function execute(execution: Execution, isOver: (nowMs: number) => boolean): Promise<void> {
  const loops = Array.from({ length: execution.session.workload.inFlight }, () => loop(execution, isOver));
  await Promise.all(loops);
}

/** The code under which a failed operation is counted. */
export function failureCodeOf(error: unknown): string {
  return error instanceof KvError ? error.code : 'UNEXPECTED';
}

async function loop({ session, generator, recorder, gaps }: Execution, isOver: (nowMs: number) => boolean): Promise<void> {
  let startedAtMs = sharedNowMs();
  while (!isOver(startedAtMs)) {
    const kind = generator.nextKind();
    const keyIndex = generator.nextKeyIndex();
    try {
      await (kind === 'read' ? readAndCheck(session, keyIndex) : writeAndRecord(session, keyIndex));
      const endedAtMs = sharedNowMs();
      recorder.success(kind, endedAtMs - startedAtMs, endedAtMs);
      gaps.success(endedAtMs);
      startedAtMs = endedAtMs;
    } catch (error) {
      recorder.failure(kind, failureCodeOf(error), sharedNowMs());
      await pause(pauseAfterErrorMs);
      startedAtMs = sharedNowMs();
    }
  }
}
