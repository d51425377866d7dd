/** A replica over an engine, for tests: it applies what the test says, beside a map that is to hold the same. */
import type { AppliedPosition, KeyWrite, LogEntry, RecordedRequest, SnapshotItem } from '../../replication/index.js';
import type { StoredValue } from '../storage.js';
import type { DatabaseEngine } from './database-engine.js';
import { DatabaseWriter, type DatabaseWriterOptions } from './database-writer.js';
import type { CopyName, FoundCopy, StateDatabase } from './state-database.js';

/** Requests before the newest one that are kept. */
const keptRequests = 3;

export function encodeNumbers(requests: readonly RecordedRequest[]): Uint8Array {
  return Buffer.from(JSON.stringify(requests.map(({ number }) => number)));
}

/** The numbers of the requests that the parts name, the last of them that are kept. */
export function numbersIn({ requests }: Pick<FoundCopy, 'requests'>): number[] {
  return requests.flatMap((bytes) => JSON.parse(Buffer.from(bytes).toString()) as number[]).slice(-keptRequests);
}

/** The log of a replica, which is flushed when the test says. */
export class ScriptedLog {
  appendedSeq = Number.POSITIVE_INFINITY;
  #kept: (() => void)[] = [];

  get kept(): Promise<void> {
    return new Promise((resolve) => this.#kept.push(resolve));
  }

  hasAppended(_copy: CopyName, seq: number): boolean {
    return seq <= this.appendedSeq;
  }

  append(seq: number): void {
    this.appendedSeq = seq;
    for (const resolve of this.#kept.splice(0)) resolve();
  }
}

/** A node's database and its writer. */
export class DatabaseNode<Database extends StateDatabase> {
  readonly database: Database;
  readonly writer: DatabaseWriter;
  readonly failures: Error[] = [];
  /** Set: the log is not flushed before this resolves. */
  logFlushed: Promise<void> | undefined;

  constructor(database: Database, options: Partial<DatabaseWriterOptions> = {}) {
    this.database = database;
    this.writer = new DatabaseWriter({
      database,
      logFlushed: () => this.logFlushed,
      encodeRequests: encodeNumbers,
      onFailed: (error) => this.failures.push(error),
      ...options,
    });
  }

  /** A new replica, which is empty. */
  create(shard: number): StoredTestReplica {
    const log = new ScriptedLog();
    const engine = this.writer.engine(shard, log);
    const replica = new StoredTestReplica(shard, engine, log);
    replica.reset(true);
    engine.attach(replica);
    return replica;
  }

  /** The replica of an earlier process goes on with the copy that the database has, or begins it anew. */
  revive({ shard, resets, baseSeq }: StoredTestReplica): StoredTestReplica {
    const log = new ScriptedLog();
    const engine = this.writer.engine(shard, log);
    const replica = new StoredTestReplica(shard, engine, log);
    const { found } = engine;
    replica.resets = resets - 1;
    if (found === undefined || found.position.resets !== resets || !found.position.complete) replica.reset(true, baseSeq);
    else replica.goOnWith(found);
    engine.attach(replica);
    return replica;
  }
}

export class StoredTestReplica {
  readonly shard: number;
  readonly engine: DatabaseEngine;
  readonly log: ScriptedLog;
  baseSeq = 0;
  seq = 0;
  resets = 0;
  complete = true;
  /** The copy, if it came by a snapshot, was reported to survive a loss of power. */
  isDurable = true;
  items = new Map<string, StoredValue>();
  numbers: number[] = [];
  /** Every entry since the last reset. */
  entries: LogEntry[] = [];

  constructor(shard: number, engine: DatabaseEngine, log: ScriptedLog) {
    this.shard = shard;
    this.engine = engine;
    this.log = log;
  }

  get appliedPosition(): AppliedPosition | undefined {
    if (!this.complete) return undefined;
    return { position: { seq: this.seq, epoch: 1, epochId: 'epoch 1' }, requestFloor: 0, timeMs: this.seq * 10 };
  }

  get appliedState(): { readonly requests: readonly RecordedRequest[] } | undefined {
    return this.complete ? { requests: this.numbers.map(requestOf) } : undefined;
  }

  reset(complete: boolean, baseSeq = 0): void {
    this.resets++;
    this.complete = complete;
    this.isDurable = complete;
    this.baseSeq = baseSeq;
    this.seq = baseSeq;
    this.items = new Map();
    this.numbers = [];
    this.entries = [];
    const name = { writerId: '0123456789abcdef', resets: this.resets };
    const base = { baseSeq, baseEpoch: 1, baseEpochId: 'epoch 1', requestFloor: 0, timeMs: 0 };
    this.engine.reset(name, { type: 'reset', complete, ...base });
  }

  /** The rows of this copy are not in `items`. */
  goOnWith(found: FoundCopy): void {
    this.resets = found.position.resets;
    this.seq = found.position.seq;
    this.numbers = numbersIn(found);
  }

  /** Items of a snapshot, as of the base. */
  load(items: readonly SnapshotItem[]): void {
    for (const { key, value, version, expiresAtMs } of items) this.items.set(key, { value, version, expiresAtMs });
    this.engine.load(items);
  }

  /** The snapshot is complete. Resolves once that is durable. */
  async finishLoad(): Promise<void> {
    const { resets } = this;
    this.complete = true;
    await this.engine.complete(this.seq);
    if (resets === this.resets) this.isDurable = true;
  }

  /** Applies one entry for each list of writes. */
  apply(...contents: readonly (readonly KeyWrite[])[]): void {
    this.applyEntries(contents.map((writes, index) => entryAt(this.seq + 1 + index, writes)));
  }

  applyEntries(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#remember(entry);
    this.engine.apply(entries);
  }

  put(key: string, text: string, expiresAtMs?: number): void {
    this.apply([{ key, value: Buffer.from(text), expiresAtMs }]);
  }

  delete(key: string): void {
    this.apply([{ key, value: undefined }]);
  }

  #remember(entry: LogEntry): void {
    this.seq = Math.max(this.seq, entry.seq);
    this.entries.push(entry);
    this.numbers = [...this.numbers, entry.seq].slice(-keptRequests);
    for (const { key, value, expiresAtMs } of entry.writes) {
      if (value === undefined) this.items.delete(key);
      else this.items.set(key, { value, version: entry.seq, expiresAtMs });
    }
  }
}

function entryAt(seq: number, writes: readonly KeyWrite[]): LogEntry {
  return { seq, epoch: 1, writes, request: requestOf(seq) };
}

function requestOf(number: number): RecordedRequest {
  return { client: 'client', number, lowest: 1, fingerprint: 0, floor: 0, seq: number, answer: undefined };
}
