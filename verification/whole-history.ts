/**
 * Checks of a whole history that need no search and are never undecided. Pure. Each finds less than linearizability
 * does, and says more plainly what is wrong.
 */
import { byKey, type FinalState, type Operation } from './history.js';

export interface LostWrite {
  readonly key: string;
  readonly write: Operation;
  /** What was there in the end: 0 for no key. */
  readonly finalVersion: number;
}

/**
 * The newest acknowledged write of each key must be there in the end, or something newer. What was overwritten before
 * the end is not looked for. A key that a delete of unknown outcome may have removed is not called lost.
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

/** Reads of a value that was never written to that key, or only by writes that were refused as not executed. */
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
