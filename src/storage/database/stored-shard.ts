/** Where the state of a shard is read: in the overlay, and below it in the database. */
import type { DueKey } from '../../replication/index.js';
import type { RangeQuery, StoredHead, StoredValue } from '../storage.js';
import type { Lane } from './lane.js';
import type { Overlay } from './overlay.js';
import type { PersistentCalls } from './persistent-calls.js';
import type { Row, RowPage, StateDatabase } from './state-database.js';

const nothing: RowPage = { rows: [], isExhausted: true };

export class StoredShard {
  readonly overlay: Overlay;
  readonly #database: StateDatabase;
  readonly #lane: Lane;
  readonly #reads: PersistentCalls;
  readonly #scans: PersistentCalls;

  constructor(database: StateDatabase, lane: Lane, overlay: Overlay, reads: PersistentCalls, scans: PersistentCalls) {
    this.overlay = overlay;
    this.#database = database;
    this.#lane = lane;
    this.#reads = reads;
    this.#scans = scans;
  }

  get(key: string): StoredValue | undefined | Promise<StoredValue | undefined> {
    return this.#reads.answer(() => {
      const row = this.overlay.find(key);
      if (row !== undefined) return valueIn(row);
      return this.#lane.isStale ? undefined : this.#database.get(this.#lane.shard, key);
    });
  }

  head(key: string): StoredHead | undefined | Promise<StoredHead | undefined> {
    return this.#reads.answer(() => {
      const row = this.overlay.find(key);
      if (row !== undefined) return headIn(row);
      return this.#lane.isStale ? undefined : this.#database.head(this.#lane.shard, key);
    });
  }

  /** A page of the database alone. See `StateDatabase.page`. */
  storedPage(query: RangeQuery): RowPage | Promise<RowPage> {
    return this.#scans.answer(() => (this.#lane.isStale ? nothing : this.#database.page(this.#lane.shard, query)));
  }

  /** Of the database alone. See `StateDatabase.earliest`. */
  storedEarliest(most: number): readonly DueKey[] | Promise<readonly DueKey[]> {
    return this.#scans.answer(() => (this.#lane.isStale ? [] : this.#database.earliest(this.#lane.shard, most)));
  }
}

function valueIn({ value, version, expiresAtMs }: Row): StoredValue | undefined {
  return value && { value, version, expiresAtMs };
}

function headIn({ value, version, expiresAtMs }: Row): StoredHead | undefined {
  return value && { version, expiresAtMs };
}
