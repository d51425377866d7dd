/**
 * A database in memory that keeps the contract of `StateDatabase`, for tests. What it stores outlives it: `ModelDisk` is what a crash
 * leaves, and `ModelDatabase` one opening of it. Switches make it slow, unreliable, read-only, or answer reads by promise.
 */
import type { DueKey } from '../../replication/index.js';
import type { RangeQuery, StoredHead, StoredValue } from '../storage.js';
import type { RowTotals } from './state-database.js';
import {
  type CopyPosition,
  DatabaseError,
  type FoundCopy,
  type Row,
  type RowPage,
  type ShardCommit,
  type StateDatabase,
} from './state-database.js';

interface StoredRow extends StoredValue {
  readonly key: string;
}

interface StoredShard {
  /** Undefined: there is no copy, only rows that are left of one. */
  readonly position: CopyPosition | undefined;
  readonly rows: ReadonlyMap<string, StoredRow>;
  readonly requests: readonly Uint8Array[];
}

type State = ReadonlyMap<number, StoredShard>;

const noValue = new Uint8Array();
const nothing: StoredShard = { position: undefined, rows: new Map(), requests: [] };

export class ModelDisk {
  /** What a loss of power may leave: the flushed state first, then one for each later change. */
  #states: State[] = [new Map()];

  get state(): State {
    return this.#states.at(-1)!;
  }

  /** The number of changes that a loss of power may take away. */
  get unflushed(): number {
    return this.#states.length - 1;
  }

  change(shard: number, next: StoredShard): void {
    this.changeAll([[shard, next]]);
  }

  changeAll(changes: readonly (readonly [number, StoredShard])[]): void {
    this.#states.push(new Map([...this.state, ...changes]));
  }

  flushed(): void {
    this.#states = [this.state];
  }

  /** Power is lost. @param kept the number of changes since the last flush that survive. */
  losePower(kept = 0): void {
    this.#states = [this.#states[Math.min(kept, this.unflushed)]!];
  }
}

/** A write that has not been executed yet. */
interface HeldCall {
  run(): void;
}

export class ModelDatabase implements StateDatabase {
  readonly kind = 'model';
  readonly sizeBytes = undefined;
  readonly failure: Promise<Error>;
  readonly found: readonly FoundCopy[];
  readonly disk: ModelDisk;
  /** Writes and flushes wait until `release` or `releaseAll`. */
  holdsWrites = false;
  /** Writes are refused. */
  isReadOnly = false;
  /** Calls are refused, reads too. */
  isAway = false;
  /** The next writes are executed, and reported as failed: their number. */
  lostAnswers = 0;
  /** Reads are answered by promise. */
  answersByPromise = false;
  /** Reads that come by promise wait until `releaseReads`. They answer for the moment of the call. */
  holdsReads = false;
  /** Every commit, in order. */
  readonly commits: (readonly ShardCommit[])[] = [];
  flushes = 0;
  /** Calls of `begin` and `removeSome`. */
  readonly calls: string[] = [];
  #held: HeldCall[] = [];
  #heldReads: (() => void)[] = [];
  #writesUnderWay = 0;
  #fail!: (error: Error) => void;

  constructor(disk = new ModelDisk()) {
    this.disk = disk;
    this.failure = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.found = [...disk.state].flatMap(([shard, stored]) => foundCopy(shard, stored) ?? []);
  }

  /** Writes that wait. */
  get heldWrites(): number {
    return this.#held.length;
  }

  release(): void {
    this.#held.shift()?.run();
  }

  /** Nothing is held any more. */
  releaseAll(): void {
    this.holdsWrites = false;
    for (const { run } of this.#held.splice(0)) run();
  }

  releaseReads(): void {
    this.holdsReads = false;
    for (const run of this.#heldReads.splice(0)) run();
  }

  /** The database can never be used again. */
  lose(error: Error): void {
    this.#fail(error);
  }

  begin(shard: number, position: CopyPosition | undefined): Promise<void> {
    return this.#write(() => {
      this.calls.push(`begin ${shard}`);
      this.disk.change(shard, { ...this.#shard(shard), position, requests: [] });
    });
  }

  removeSome(shard: number, most: number): Promise<number> {
    return this.#write(() => {
      const stored = this.#shard(shard);
      const rows = new Map([...stored.rows].slice(most));
      this.calls.push(`remove ${shard}`);
      this.disk.change(shard, { ...stored, rows });
      return stored.rows.size - rows.size;
    });
  }

  commit(changes: readonly ShardCommit[]): Promise<readonly RowTotals[]> {
    return this.#write(() => {
      const next = changes.map((change) => [change.shard, changed(this.#shard(change.shard), change)] as const);
      this.disk.changeAll(next);
      this.commits.push(changes);
      return next.map(([, stored]) => totalsOf(stored));
    });
  }

  async flush(): Promise<void> {
    // Commits may follow while a flush is under way, and only what was committed before the call must be flushed.
    await this.#executed(() => {
      this.flushes++;
      this.disk.flushed();
    });
  }

  get(shard: number, key: string): StoredValue | undefined | Promise<StoredValue | undefined> {
    return this.#read(() => storedValueOf(this.#shard(shard).rows.get(key)));
  }

  head(shard: number, key: string): StoredHead | undefined | Promise<StoredHead | undefined> {
    return this.#read(() => storedHeadOf(this.#shard(shard).rows.get(key)));
  }

  page(shard: number, query: RangeQuery): RowPage | Promise<RowPage> {
    const { from, to, reverse = false, most, maxBytes, keysOnly = false } = query;
    return this.#read(() => {
      const start = Buffer.from(from);
      const end = to === undefined ? undefined : Buffer.from(to);
      const sorted = [...this.#shard(shard).rows.values()]
        .map((row) => ({ row: keysOnly ? { ...row, value: noValue } : row, bytes: Buffer.from(row.key) }))
        .filter(({ bytes }) => bytes.compare(start) >= 0 && (end === undefined || bytes.compare(end) < 0))
        .sort((one, other) => one.bytes.compare(other.bytes) * (reverse ? -1 : 1));
      const rows: Row[] = [];
      let pageBytes = 0;
      for (const { row, bytes } of sorted) {
        if (rows.length === most || (rows.length > 0 && pageBytes >= maxBytes)) return { rows, isExhausted: false };
        rows.push(row);
        pageBytes += bytes.length + row.value.length;
      }
      return { rows, isExhausted: true };
    });
  }

  earliest(shard: number, most: number): readonly DueKey[] | Promise<readonly DueKey[]> {
    return this.#read(() =>
      [...this.#shard(shard).rows.values()]
        .flatMap(({ key, expiresAtMs }) => (expiresAtMs === undefined ? [] : [{ key, expiresAtMs }]))
        .sort((one, other) => one.expiresAtMs - other.expiresAtMs)
        .slice(0, most),
    );
  }

  async close(): Promise<void> {}

  #shard(shard: number): StoredShard {
    return this.disk.state.get(shard) ?? nothing;
  }

  async #write<T>(execute: () => T): Promise<T> {
    if (this.#writesUnderWay > 0) throw new Error('two writes are under way');
    this.#writesUnderWay++;
    try {
      return await this.#executed(() => {
        if (this.isReadOnly) throw new DatabaseError('the database is read-only');
        const result = execute();
        if (this.lostAnswers === 0) return result;
        this.lostAnswers--;
        throw new DatabaseError('the answer is lost');
      });
    } finally {
      this.#writesUnderWay--;
    }
  }

  async #executed<T>(execute: () => T): Promise<T> {
    if (this.holdsWrites)
      await new Promise<void>((resolve) => {
        this.#held.push({ run: resolve });
      });
    this.#refuseIfAway();
    return execute();
  }

  #read<T>(execute: () => T): T | Promise<T> {
    if (this.answersByPromise) return this.#readLater(execute);
    this.#refuseIfAway();
    return execute();
  }

  async #readLater<T>(execute: () => T): Promise<T> {
    const answer = execute();
    if (this.holdsReads)
      await new Promise<void>((resolve) => {
        this.#heldReads.push(resolve);
      });
    this.#refuseIfAway();
    return answer;
  }

  #refuseIfAway(): void {
    if (this.isAway) throw new DatabaseError('the database is away');
  }
}

function changed(stored: StoredShard, { rows: changes, position, requests }: ShardCommit): StoredShard {
  const rows = new Map(stored.rows);
  for (const { key, value, version, expiresAtMs } of changes) {
    if ((rows.get(key)?.version ?? -1) >= version) continue;
    if (value === undefined) rows.delete(key);
    else rows.set(key, { key, value: Uint8Array.from(value), version, expiresAtMs });
  }
  return {
    rows,
    position: position ?? stored.position,
    requests: requests === undefined ? stored.requests : [...(requests.isWhole ? [] : stored.requests), requests.bytes],
  };
}

function foundCopy(shard: number, stored: StoredShard): FoundCopy | undefined {
  const { position, requests, rows } = stored;
  if (position === undefined) return undefined;
  const deadlines = [...rows.values()].flatMap(({ expiresAtMs }) => expiresAtMs ?? []);
  const earliestExpiryMs = deadlines.length === 0 ? undefined : Math.min(...deadlines);
  return { shard, position, totals: totalsOf(stored), requests, earliestExpiryMs };
}

function totalsOf({ rows }: StoredShard): RowTotals {
  let [bytes, expiring] = [0, 0];
  for (const { key, value, expiresAtMs } of rows.values()) {
    bytes += Buffer.byteLength(key) + value.length;
    if (expiresAtMs !== undefined) expiring++;
  }
  return { keys: rows.size, expiring, bytes };
}

function storedValueOf(row: StoredRow | undefined): StoredValue | undefined {
  return row && { value: row.value, version: row.version, expiresAtMs: row.expiresAtMs };
}

function storedHeadOf(row: StoredRow | undefined): StoredHead | undefined {
  return row && { version: row.version, expiresAtMs: row.expiresAtMs };
}
