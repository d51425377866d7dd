/** A replica that stands in for the core: it writes what the test says, and knows what a restart must find. */
import type {
  AppliedPosition,
  AppliedState,
  Change,
  EpochMark,
  KeyWrite,
  LogEntry,
  RecordedRequest,
} from '../../replication/index.js';
import type { Storage } from '../../storage/index.js';
import type { NodeData, RecoveredShard } from './node-data.js';

export interface Item {
  readonly value: string;
  readonly version: number;
  readonly expiresAtMs?: number | undefined;
}

export const nodeId = '127.0.0.1:9090';

/** Requests before the newest one that its client may still send again. */
const keptRequests = 5;

let minted = 0;

function newReplicaId(): string {
  return `${nodeId}~${(++minted).toString(16).padStart(16, '0')}`;
}

/** A replica whose log grows by what the test writes, in one epoch at a time. */
export class TestReplica {
  readonly storage: Storage;
  readonly shard: number;
  readonly replicaId: string;
  /** All entries since the last `reset`. */
  entries: LogEntry[] = [];
  baseSeq = 0;
  base: EpochMark = { epoch: 0, id: '' };
  appliedSeq = 0;
  complete = true;
  /** What the store holds at the base. */
  loaded = new Map<string, Item>();
  #loadedRequests: readonly RecordedRequest[] = [];
  #epoch: EpochMark = { epoch: 1, id: 'epoch 1' };
  #marks = new Map<number, EpochMark>();
  /** Resolves when everything so far is durable. */
  durable: Promise<unknown> = Promise.resolve();

  constructor(shard: number, replicaId: string, storage: Storage) {
    this.shard = shard;
    this.replicaId = replicaId;
    this.storage = storage;
    storage.attach?.(this);
  }

  static create(data: NodeData, shard: number): TestReplica {
    const replicaId = newReplicaId();
    return new TestReplica(shard, replicaId, data.create(shard, replicaId));
  }

  markAt(seq: number): EpochMark {
    return this.#marks.get(seq) ?? this.base;
  }

  get lastSeq(): number {
    return this.baseSeq + this.entries.length;
  }

  get appliedPosition(): AppliedPosition | undefined {
    if (!this.complete) return undefined;
    const { epoch, id } = this.markAt(this.appliedSeq);
    return {
      position: { seq: this.appliedSeq, epoch, epochId: id },
      requestFloor: 0,
      timeMs: this.timeAt(this.appliedSeq),
    };
  }

  get appliedState(): AppliedState | undefined {
    if (!this.complete) return undefined;
    const unapplied = this.entries.slice(this.appliedSeq - this.baseSeq);
    return {
      ...this.appliedPosition!,
      requests: this.requestsAt(this.appliedSeq),
      unapplied,
      unappliedRuns: this.#runsOf(unapplied),
    };
  }

  persist(change: Change): void {
    const durable = Promise.resolve(this.storage.persist(change));
    const before = this.durable;
    this.durable = Promise.all([before, durable]);
  }

  setEpoch(epoch: number): void {
    this.#epoch = { epoch, id: `epoch ${epoch}` };
    const { id: epochId } = this.#epoch;
    this.persist({ type: 'line', line: { history: 'history', lineage: [this.#epoch] } });
    this.persist({ type: 'epoch', history: 'history', epoch, epochId, removals: 0 });
  }

  /** Appends one entry for each list of writes. */
  append(...contents: readonly (readonly KeyWrite[])[]): void {
    this.#append(contents.map((writes) => this.#entryOf(writes)));
  }

  /** Appends an entry whose request was answered with more than its version. */
  appendAnswered(writes: readonly KeyWrite[], answer: RecordedRequest['answer']): void {
    this.#append([this.#entryOf(writes, answer)]);
  }

  apply(count = this.lastSeq - this.appliedSeq): void {
    const from = this.appliedSeq - this.baseSeq;
    const applied = this.entries.slice(from, from + count);
    this.appliedSeq += applied.length;
    this.storage.apply(applied);
  }

  truncate(afterSeq: number): void {
    this.entries.length = afterSeq - this.baseSeq;
    this.persist({ type: 'truncate', afterSeq });
  }

  reset(baseSeq: number, complete: boolean): void {
    this.entries = [];
    this.baseSeq = baseSeq;
    this.base = this.#epoch;
    this.appliedSeq = baseSeq;
    this.complete = complete;
    this.loaded = new Map();
    this.#loadedRequests = [];
    const { epoch: baseEpoch, id: baseEpochId } = this.base;
    this.persist({ type: 'reset', baseSeq, baseEpoch, baseEpochId, complete, requestFloor: 0, timeMs: 0 });
  }

  /** The log begins anew above this seq, with the entries that are not applied (R13). */
  rebase(baseSeq: number): void {
    this.loaded = this.itemsAt(this.appliedSeq);
    const unapplied = this.entries.slice(this.appliedSeq - this.baseSeq);
    const renumber = (seq: number): number => baseSeq + seq - this.appliedSeq;
    const { epoch } = this.#epoch;
    const entries = unapplied.map((entry) => {
      const seq = renumber(entry.seq);
      this.#marks.set(seq, this.#epoch);
      return { ...entry, seq, epoch, request: entry.request && { ...entry.request, seq } };
    });
    this.entries = entries;
    this.base = this.#epoch;
    this.baseSeq = baseSeq;
    this.appliedSeq = baseSeq;
    this.#loadedRequests = [];
    const { epoch: baseEpoch, id: baseEpochId } = this.base;
    this.persist({ type: 'rebase', baseSeq, baseEpoch, baseEpochId, entries });
  }

  /** Receives a snapshot of these items as of the base of its log. */
  load(items: ReadonlyMap<string, Item>, requests: readonly RecordedRequest[]): void {
    this.loaded = new Map(items);
    this.#loadedRequests = requests;
    this.persist({ type: 'loadRequests', requests });
    for (const [key, { value, version }] of items)
      this.persist({ type: 'load', items: [{ key, value: new Uint8Array(Buffer.from(value, 'latin1')), version }] });
  }

  finishLoad(): void {
    this.complete = true;
    this.persist({ type: 'complete' });
  }

  requestsAt(seq: number): RecordedRequest[] {
    const own = this.entries.flatMap(({ seq: at, request }) => (request === undefined || at > seq ? [] : [request]));
    const lowest = own.at(-1)?.lowest ?? 0;
    return [...this.#loadedRequests, ...own.filter(({ number }) => number >= lowest)];
  }

  timeAt(seq: number): number {
    return this.entries.findLast(({ seq: at, atMs }) => at <= seq && atMs !== undefined)?.atMs ?? 0;
  }

  /** What the store holds once the entries up to here are applied. */
  itemsAt(seq: number): Map<string, Item> {
    const items = new Map(this.loaded);
    for (const { seq: version, writes } of this.entries) {
      if (version > seq) break;
      for (const { key, value, expiresAtMs } of writes) {
        if (value === undefined) items.delete(key);
        else {
          const item = { value: Buffer.from(value).toString('latin1'), version };
          items.set(key, expiresAtMs === undefined ? item : { ...item, expiresAtMs });
        }
      }
    }
    return items;
  }

  /** Goes on with what a restart has found. */
  revived({ storage, replicaId, replica: { appliedSeq } }: RecoveredShard): TestReplica {
    const revived = new TestReplica(this.shard, replicaId, storage);
    revived.entries = [...this.entries];
    revived.baseSeq = this.baseSeq;
    revived.base = this.base;
    revived.complete = this.complete;
    revived.loaded = new Map(this.loaded);
    revived.#loadedRequests = this.#loadedRequests;
    revived.#epoch = this.#epoch;
    revived.#marks = new Map(this.#marks);
    revived.appliedSeq = appliedSeq;
    return revived;
  }

  #append(entries: readonly LogEntry[]): void {
    this.persist({ type: 'append', entries, runs: this.#runsOf(entries) });
  }

  #entryOf(writes: readonly KeyWrite[], answer?: RecordedRequest['answer']): LogEntry {
    const seq = this.lastSeq + 1;
    const { epoch } = this.#epoch;
    const request = {
      client: 'client',
      number: seq,
      lowest: Math.max(1, seq - keptRequests),
      fingerprint: seq,
      floor: 0,
      seq,
      answer,
    };
    const atMs = writes.some(({ expiresAtMs }) => expiresAtMs !== undefined) ? seq * 10 : undefined;
    const entry: LogEntry = atMs === undefined ? { seq, epoch, writes, request } : { seq, epoch, writes, request, atMs };
    this.entries.push(entry);
    this.#marks.set(seq, this.#epoch);
    return entry;
  }

  #runsOf(entries: readonly LogEntry[]) {
    const runs: { epoch: number; id: string; firstSeq: number }[] = [];
    for (const { seq } of entries) {
      const mark = this.#marks.get(seq)!;
      if (runs.at(-1)?.id !== mark.id) runs.push({ ...mark, firstSeq: seq });
    }
    return runs;
  }
}

export function writing(key: string, value: string, expiresAtMs?: number): KeyWrite {
  const bytes = new Uint8Array(Buffer.from(value, 'latin1'));
  return expiresAtMs === undefined ? { key, value: bytes } : { key, value: bytes, expiresAtMs };
}

export function deleting(key: string): KeyWrite {
  return { key, value: undefined };
}
