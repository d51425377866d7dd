/**
 * Third stage without --rate: closed loops, one for each place in flight, that go on whatever fails.
 *
 * What the loop costs is taken from what the client could do: one reading of the clock an operation, its end being the
 * next one's beginning, and no object.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError } from '../src/index.js';
import { sharedNowMs } from './clock.js';
import type { Generator } from './generate.js';
import type { GapTracker } from './outages.js';
import type { Recorder } from './recorder.js';
import { readAndCheck, type Session, writeAndRecord } from './session.js';

/** After a failure: what fails at once must not become a busy loop. */
const pauseAfterErrorMs = 10;

export interface Execution {
  readonly session: Session;
  readonly generator: Generator;
  readonly recorder: Recorder;
  readonly gaps: GapTracker;
}

/**
 * Resolves when it is over and every operation under way has ended.
 *
 * @param isOver is asked before every operation.
 */
export async function execute(execution: Execution, isOver: (nowMs: number) => boolean): Promise<void> {
  const loops = Array.from({ length: execution.session.workload.inFlight }, () => loop(execution, isOver));
  await Promise.all(loops);
}

/** What a failed operation is counted as. */
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
