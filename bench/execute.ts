/** Third stage, after the generating: closed loops, one for each place in flight, that go on whatever fails. */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError } from '../src/index.js';
import { sharedNowMs } from './clock.js';
import type { PlannedOperation } from './generate.js';
import type { GapTracker } from './outages.js';
import { readAndCheck, type Session, writeAndRecord } from './session.js';
import { recordError, recordSuccess, type Statistics } from './statistics.js';

/** After a failure: what fails at once must not become a busy loop. */
const pauseAfterErrorMs = 10;

export interface Execution {
  readonly session: Session;
  readonly generate: () => PlannedOperation;
  readonly statistics: Statistics;
  readonly gaps: GapTracker;
  /** Asked before every operation. */
  readonly isOver: () => boolean;
}

/** Resolves when it is over and every operation under way has ended. */
export async function execute(execution: Execution): Promise<void> {
  const loops = Array.from({ length: execution.session.workload.inFlight }, () => loop(execution));
  await Promise.all(loops);
}

async function loop({ session, generate, statistics, gaps, isOver }: Execution): Promise<void> {
  while (!isOver()) {
    const { kind, keyIndex } = generate();
    const startedAtMs = sharedNowMs();
    try {
      await (kind === 'read' ? readAndCheck(session, keyIndex) : writeAndRecord(session, keyIndex));
      const endedAtMs = sharedNowMs();
      recordSuccess(statistics[kind], endedAtMs - startedAtMs);
      gaps.success(endedAtMs);
    } catch (error) {
      recordError(statistics, kind, error instanceof KvError ? error.code : 'UNEXPECTED');
      await pause(pauseAfterErrorMs);
    }
  }
}
