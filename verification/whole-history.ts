/**
 * Checks of a whole history that need no search and are never undecided. Each finds less than the check of
 * linearizability, and names the fault more plainly. Pure.
 */
import { byKey, type FinalState, type Operation } from './history.js';

export interface LostWrite {
  readonly key: string;
  readonly write: Operation;
  /** The version in the end; 0 if the key did not exist. */
  readonly finalVersion: number;
}

/**
 * The newest acknowledged write of each key, or a newer one, must exist in the end. Overwritten values are not
 * checked. A key that an unknown delete may have removed does not count as lost.
 */
export function lostWrites(history: readonly Operation[], final: FinalState): LostWrite[] {
  const lost: LostWrite[] = [];
  for (const [key, operations] of byKey(history)) {
    const write = newestWrite(operations);
    if (write === undefined || !final.has(key)) continue;
    const finalVersion = final.get(key)?.version ?? 0;
    if (finalVersion >= versionOf(write)) continue;
    const mayBeDeleted = operations.some(({ call, outcome }) => call.kind === 'delete' && outcome.kind === 'unknown');
    if (finalVersion === 0 && (write.call.kind === 'delete' || mayBeDeleted)) continue;
    lost.push({ key, write, finalVersion });
  }
  return lost;
}

/** Finds reads of a value that was never written to that key, or only by writes that were definitely not executed. */
export function inventedValues(history: readonly Operation[]): Operation[] {
  const invented: Operation[] = [];
  for (const operations of byKey(history).values()) {
    const written = new Set<string>();
    for (const { call, outcome } of operations) {
      const notExecuted = outcome.kind === 'refused' || outcome.kind === 'mismatch';
      if (call.kind === 'put' && !notExecuted) written.add(call.value);
    }
    invented.push(...operations.filter(({ outcome }) => outcome.kind === 'found' && !written.has(outcome.value)));
  }
  return invented;
}

function newestWrite(operations: readonly Operation[]): Operation | undefined {
  let newest: Operation | undefined;
  for (const one of operations) {
    if (one.outcome.kind === 'written' && (newest === undefined || one.outcome.version > versionOf(newest))) newest = one;
  }
  return newest;
}

function versionOf({ outcome }: Operation): number {
  return outcome.kind === 'written' ? outcome.version : 0;
}
