/** Reads keys from the store of a replica, together with the position at which they were read, and what the log says of them. */
import { setImmediate as turn } from 'node:timers/promises';
import type { KeyWrite, LogEntry } from '../../replication/index.js';
import { type CheckedRecord, type ReadRecord, sameRecord } from '../../wire/copies/copy-messages.js';
import { type CheckedReplica, copyRecord } from './checked-replica.js';

/** What an entry has done to a key. */
interface LoggedWrite {
  readonly entry: LogEntry;
  readonly write: KeyWrite;
}

/** Entries that are searched, or keys that are read, in one turn, so that other work is not delayed. */
const stepSize = 512;

/** @param keys all are read in one turn. */
export async function readKeys(replica: CheckedReplica, keys: readonly string[]): Promise<ReadRecord[]> {
  const { seq } = replica.copy!;
  const stored = await Promise.all(keys.map((key) => readStored(replica, key)));
  const writes = await newestWrites(replica, seq, new Set(keys), keys.length);
  return keys.map((key, index) => ({ seq, stored: stored[index], ...loggedOf(key, writes.get(key)) }));
}

/**
 * Compares the newest writes in the log with the store.
 *
 * @param most the number of keys
 * @param inTime bounds the wait for one reading of keys
 * @returns the keys that differ, and how many were compared
 */
export async function compareWithLog(
  replica: CheckedReplica,
  most: number,
  inTime: <Result>(reading: Promise<Result>) => Promise<Result>,
): Promise<{ compared: number; differing: ReadRecord[] }> {
  const writes = await newestWrites(replica, replica.copy!.seq, undefined, most);
  const differing: ReadRecord[] = [];
  for (const keys of batches([...writes.keys()])) {
    const { seq } = replica.copy!;
    const stored = await inTime(Promise.all(keys.map((key) => readStored(replica, key))));
    const suspects = keys.filter((key, index) => {
      return !agreesWithLog({ seq, stored: stored[index], ...loggedOf(key, writes.get(key)) });
    });
    // Most were written again since. What the log says at the moment of the reading decides.
    const reads = suspects.length === 0 ? [] : await inTime(readKeys(replica, suspects));
    differing.push(...reads.filter((read) => !agreesWithLog(read)));
    await turn();
  }
  return { compared: writes.size, differing };
}

function readStored(replica: CheckedReplica, key: string): CheckedRecord | undefined | Promise<CheckedRecord | undefined> {
  const found = replica.storage.get(key);
  // A value that comes at once is a view of memory, so it is read before anything else happens.
  if (found instanceof Promise) return found.then((value) => value && copyRecord(key, value));
  return found && copyRecord(key, found);
}

/**
 * Finds the newest write of each key in the retained log, from the entry at `throughSeq` back.
 *
 * @param wanted undefined: any key
 * @param most ends the search once this many keys were found
 */
async function newestWrites(
  replica: CheckedReplica,
  throughSeq: number,
  wanted: ReadonlySet<string> | undefined,
  most: number,
): Promise<Map<string, LoggedWrite>> {
  const found = new Map<string, LoggedWrite>();
  for (let lastSeq = throughSeq; found.size < most; ) {
    const entries = replica.retainedEntries(lastSeq, stepSize);
    if (entries.length === 0) break;
    for (const entry of entries.toReversed()) {
      for (const write of entry.writes) {
        const { key } = write;
        if (found.size < most && !found.has(key) && wanted?.has(key) !== false) found.set(key, { entry, write });
      }
    }
    lastSeq = entries[0]!.seq - 1;
    await turn();
  }
  return found;
}

/** Whether the store holds what the log says. Of a key that the log does not have, nothing is known. */
function agreesWithLog({ stored, logged, deleted }: ReadRecord): boolean {
  if (logged === undefined) return !deleted || stored === undefined;
  return stored !== undefined && sameRecord(stored, logged);
}

function loggedOf(key: string, logged: LoggedWrite | undefined): Pick<ReadRecord, 'logged' | 'deleted'> {
  if (logged === undefined) return { logged: undefined, deleted: false };
  const { entry, write } = logged;
  if (write.value === undefined) return { logged: undefined, deleted: true };
  return {
    logged: copyRecord(key, { value: write.value, version: entry.seq, expiresAtMs: write.expiresAtMs }),
    deleted: false,
  };
}

function* batches(keys: readonly string[]): Iterable<readonly string[]> {
  for (let start = 0; start < keys.length; start += stepSize) yield keys.slice(start, start + stepSize);
}
