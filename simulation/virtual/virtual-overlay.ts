/**
 * What a process has applied and its database does not have yet. A key is found here, or else in the rows of the database: together
 * they are the applied state.
 */
import type { Change, LogEntry, RecordedRequest, StoredSnapshot } from '../../src/replication/index.js';
import type { Store, StoredItem } from './store.js';
import type { CopyId, DatabaseCommit, VirtualDatabase } from './virtual-database.js';

interface Pending {
  readonly version: number;
  /** Undefined: deleted. */
  readonly item: StoredItem | undefined;
}

type Reset = Extract<Change, { type: 'reset' }>;

export class VirtualOverlay {
  readonly #database: VirtualDatabase;
  readonly #writerId: string;
  #resets: number;
  /** Of a copy that is being received, as of its base. */
  #received: Omit<StoredSnapshot, 'throughSeq'> | undefined;
  readonly #rows = new Map<string, Pending>();

  /** @param store what was recovered: what the database lacks of it has to be committed again. */
  constructor(database: VirtualDatabase, copy: CopyId, store: Store) {
    this.#database = database;
    this.#writerId = copy.writerId;
    this.#resets = copy.resets;
    const rows = database.rowsOf(copy);
    for (const [key, item] of store.items)
      if (rows.get(key)?.version !== item.version) this.#rows.set(key, { version: item.version, item });
    for (const [key, { version }] of rows) if (!store.items.has(key)) this.#rows.set(key, { version, item: undefined });
  }

  get size(): number {
    return this.#rows.size;
  }
  get copy(): CopyId {
    return { writerId: this.#writerId, resets: this.#resets };
  }

  /** Whether the key can be answered without the database. */
  has(key: string): boolean {
    return this.#rows.has(key);
  }

  itemOf(key: string): StoredItem | undefined {
    const pending = this.#rows.get(key);
    return pending === undefined ? this.#database.rowsOf(this.copy).get(key) : pending.item;
  }

  apply(entries: readonly LogEntry[]): void {
    for (const { seq, writes } of entries)
      for (const { key, value, expiresAtMs } of writes)
        this.#put(key, seq, value === undefined ? undefined : { value, version: seq, expiresAtMs });
  }

  /** What it brings beside entries. */
  change(change: Change): void {
    if (change.type === 'reset') this.#reset(change);
    else if (change.type === 'load') for (const { key, ...item } of change.items) this.#put(key, item.version, item);
    else if (change.type === 'loadRequests') this.#receive(change.requests);
  }

  /** All rows that the database lacks, for one commit. */
  gather(position: StoredSnapshot | undefined): { readonly commit: DatabaseCommit; settle(): void } {
    const gathered = new Map(this.#rows);
    const rows = new Map([...gathered].map(([key, { item }]) => [key, item]));
    const { copy } = this;
    const settle = (): void => {
      // Of a key that was written again meanwhile, the database has an older row.
      for (const [key, pending] of gathered) if (this.#rows.get(key) === pending) this.#rows.delete(key);
    };
    return { commit: { ...copy, position, rows }, settle };
  }

  /** The position of a copy that has been received: its base. @param throughSeq the last entry that was applied over its items */
  received(throughSeq: number): StoredSnapshot | undefined {
    return this.#received && { ...this.#received, throughSeq };
  }

  #put(key: string, version: number, item: StoredItem | undefined): void {
    if ((this.itemOf(key)?.version ?? 0) <= version) this.#rows.set(key, { version, item });
  }

  #reset({ baseSeq, baseEpoch, baseEpochId, complete, requestFloor, timeMs }: Reset): void {
    this.#rows.clear();
    this.#resets += 1;
    const position = { seq: baseSeq, epoch: baseEpoch, epochId: baseEpochId };
    this.#received = complete ? undefined : { resets: this.#resets, position, requests: [], requestFloor, timeMs };
  }

  #receive(requests: readonly RecordedRequest[]): void {
    if (this.#received === undefined) return;
    this.#received = { ...this.#received, requests: [...this.#received.requests, ...requests] };
  }
}
