/** Answers a call that wrote nothing, once all that it was judged by is as durable as the call asks for. */
import type { Core } from '../state/core.js';
import type { JudgedWaiter } from '../state/waiters.js';
import { refusalOfRead } from './refusals.js';

/** An answer that no entry records is given like a read (R6, R9). */
export function answerJudgement(core: Core, { token, answer, isRecorded }: JudgedWaiter): void {
  const refusal = isRecorded ? undefined : refusalOfRead(core, core.nowMs);
  core.emit({ type: 'answer', token, answer: refusal === undefined ? answer : { kind: 'refused', refusal } });
}
