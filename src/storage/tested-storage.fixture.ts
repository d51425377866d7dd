/** A storage that runs the conformance tests, and what these write to it. */
import type { LogEntry, SnapshotItem } from '../replication/index.js';
import type { Storage, StoredValue } from './storage.js';

type State = 'keyCount' | 'expiringCount' | 'earliestExpiryMs' | 'dataBytes' | 'memoryBytes';
type Calls = 'get' | 'head' | 'due' | 'range' | 'scan';

/** A storage, empty at first. */
export interface StorageUnderTest {
  readonly storage: Pick<Storage, State | Calls>;
  apply(entries: readonly LogEntry[]): void;
  load(items: readonly SnapshotItem[]): void;
  /** Everything is discarded, and another copy begins. */
  reset(): void;
  /** Resolves once everything so far is written, where that is done later. */
  settled(): Promise<void>;
  dispose(): Promise<void>;
}

export function putText(key: string, text: string, seq: number, expiresAtMs?: number): LogEntry {
  return { seq, epoch: 1, writes: [{ key, value: Buffer.from(text), expiresAtMs }] };
}

export function removal(key: string, seq: number): LogEntry {
  return { seq, epoch: 1, writes: [{ key, value: undefined }] };
}

export function addTo(twin: Map<string, StoredValue>, { seq: version, writes }: LogEntry): void {
  for (const { key, value, expiresAtMs } of writes) {
    if (value === undefined) twin.delete(key);
    else twin.set(key, { value, version, expiresAtMs });
  }
}
