/**
 * Checks of a whole history that need no search and are never undecided. Each finds less than the check of
 * linearizability, and names the fault more plainly. Pure.
 */
import { type FinalState, type Operation, partsOf, type SingleCall, writtenBy } from './history.js';

export interface LostWrite {
  readonly key: string;
  readonly write: Operation;
  /** The version in the end; 0 if the key did not exist. */
  readonly finalVersion: number;
}

interface KeyWrites {
  newest: Operation | undefined;
  version: number;
  /** The newest write deletes the key, or gives it a TTL. */
  mayEnd: boolean;
  /** A delete with an unknown outcome may have removed the key. */
  mayBeDeleted: boolean;
}

/**
 * The newest acknowledged write of each key, or a newer one, must exist in the end. Overwritten values are not
 * checked. A key that an unknown delete may have removed does not count as lost.
 */
export function lostWrites(history: readonly Operation[], final: FinalState): LostWrite[] {
  const lost: LostWrite[] = [];
  for (const [key, { newest, version, mayEnd, mayBeDeleted }] of writesByKey(history)) {
    if (newest === undefined || !final.has(key)) continue;
    const finalVersion = final.get(key)?.version ?? 0;
    if (finalVersion >= version) continue;
    if (finalVersion === 0 && (mayEnd || mayBeDeleted)) continue;
    lost.push({ key, write: newest, finalVersion });
  }
  return lost;
}

function writesByKey(history: readonly Operation[]): Map<string, KeyWrites> {
  const keys = new Map<string, KeyWrites>();
  for (const operation of history) {
    for (const { key, call, result } of partsOf(operation)) {
      const writes = keys.get(key) ?? { newest: undefined, version: 0, mayEnd: false, mayBeDeleted: false };
      keys.set(key, writes);
      const version = writtenBy(result);
      if (result === undefined && isDeleting(call)) writes.mayBeDeleted = true;
      // A transaction may write a key several times: the last one counts.
      if (version > 0 && version >= writes.version)
        Object.assign(writes, { newest: operation, version, mayEnd: isDeleting(call) || 'ttlMs' in call });
    }
  }
  return keys;
}

function isDeleting({ kind }: SingleCall): boolean {
  return kind === 'delete' || kind === 'getAndDelete';
}

/**
 * Finds reads of a value that was never written to that key, or only by writes that were definitely not executed. Keys
 * whose values are computed from earlier ones are left to the search.
 */
export function inventedValues(history: readonly Operation[]): Operation[] {
  const written = new Map<string, Set<string>>();
  const computed = new Set<string>();
  for (const { key, call } of history.flatMap(partsOf)) {
    if (call.kind === 'put' || call.kind === 'getAndSet') written.set(key, (written.get(key) ?? new Set()).add(call.value));
    if (call.kind === 'increment' || call.kind === 'append' || call.kind === 'setRange') computed.add(key);
  }
  return history.filter((operation) =>
    partsOf(operation).some(({ key, result }) => {
      const isRead = result?.kind === 'found' || result?.kind === 'replaced';
      return isRead && result.value !== undefined && !computed.has(key) && written.get(key)?.has(result.value) !== true;
    }),
  );
}
