/** Reads: one primary at a time serves them, and it has applied all that was ever visible (R5, R9). */
import type { Answer } from '../../src/replication/index.js';
import { continues } from '../../src/replication/protocol/lineage.js';
import type { ReplicaProcess } from '../virtual/process.js';
import { type HistoryModel, textOfAnswer } from './history-model.js';
import { require } from './violation.js';

/**
 * No primary serves reads beside another, and one that does has applied everything that could be seen before.
 * `twoLines`: where the operator has not kept the vow, two lines may be served until their primaries learn of each
 * other.
 * @returns the primaries that serve reads now.
 */
export function checkReaders(
  primaries: Iterable<ReplicaProcess>,
  model: HistoryModel,
  twoLines: boolean,
): readonly ReplicaProcess[] {
  const readers: ReplicaProcess[] = [];
  for (const primary of primaries) {
    const { replica, replicaId, disk, nowMs } = primary;
    if (replica.refusalOfRead(nowMs) !== undefined) continue;
    const other = readers.find((reader) => !twoLines || !areTwoLines(reader, primary));
    require(other === undefined, () => `${other?.replicaId} and ${replicaId} serve reads at one instant`);
    readers.push(primary);
    if (twoLines && disk.generation !== model.generation) continue;
    const { commitIndex } = replica;
    require(commitIndex >= model.lastVisible, () =>
      `${replicaId} serves reads at ${commitIndex}, and ${model.lastVisible} could be seen already`);
    model.lastVisible = commitIndex;
  }
  return readers;
}

function areTwoLines(one: ReplicaProcess, other: ReplicaProcess): boolean {
  const [line, otherLine] = [one, other].map(({ replica }) => replica.status(0).line);
  return line !== undefined && otherLine !== undefined && !continues(line, otherLine) && !continues(otherLine, line);
}

/** An answer that reports stored data without a write must satisfy the rules of reads, unless an entry records it (R16). */
export function checkStoredAnswer(process: ReplicaProcess, answer: Answer, model: HistoryModel): void {
  const wroteNothing = answer.kind === 'transacted' && answer.version === 0;
  const isRead = answer.kind === 'readable' || answer.kind === 'nothingToDelete' || wroteNothing;
  if (!isRead && (answer.kind !== 'refused' || answer.refusal !== 'VERSION_MISMATCH')) return;
  const refusal = process.replica.refusalOfRead(process.nowMs);
  // Later in the same turn the replica may have begun to hand over, or have ended.
  const mayRead = refusal === undefined || refusal === 'HANDOVER_IN_PROGRESS' || refusal === 'NOT_PRIMARY';
  const text = textOfAnswer(answer);
  const isRecorded = model.order.some(({ request }) => request?.answer !== undefined && textOfAnswer(request.answer) === text);
  require(mayRead || (isRecorded && answer.kind !== 'readable'), () =>
    `${process.replicaId} answers by what it has stored, though ${refusal}`);
}
