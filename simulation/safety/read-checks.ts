/** Who may tell what is stored: one primary at a time, which has applied all that was ever visible (R5, R9). */
import type { Answer } from '../../src/replication/index.js';
import type { ReplicaProcess } from '../virtual/process.js';
import type { HistoryModel } from './history-model.js';
import { require } from './violation.js';

/** Nobody serves reads beside another, and whoever does has applied everything that could be seen before. */
export function checkReaders(primaries: readonly ReplicaProcess[], model: HistoryModel): void {
  let reader: ReplicaProcess | undefined;
  for (const primary of primaries) {
    if (primary.replica.refusalOfRead(primary.nowMs) !== undefined) continue;
    require(reader === undefined, () => `${reader?.replicaId} and ${primary.replicaId} serve reads at one instant`);
    reader = primary;
    const { commitIndex } = primary.replica;
    require(commitIndex >= model.lastVisible, () =>
      `${primary.replicaId} serves reads at ${commitIndex}, and ${model.lastVisible} could be seen already`);
    model.lastVisible = commitIndex;
  }
}

/** What wrote nothing tells what is stored, and is answered as a read. */
export function checkStoredAnswer(process: ReplicaProcess, answer: Answer): void {
  const isRead = answer.kind === 'readable' || answer.kind === 'nothingToDelete';
  if (!isRead && (answer.kind !== 'refused' || answer.refusal !== 'VERSION_MISMATCH')) return;
  const refusal = process.replica.refusalOfRead(process.nowMs);
  // Later in the same turn it may have begun to hand over, or have gone.
  const mayRead = refusal === undefined || refusal === 'HANDOVER_IN_PROGRESS' || refusal === 'NOT_PRIMARY';
  require(mayRead, () => `${process.replicaId} answers by what it has stored, though ${refusal}`);
}
