/**
 * The storage of a replica whose data survives the process: its applied state, and on disk the log above a base copy of that.
 * Every change is written to the log of the node before it counts as durable.
 */
import type { AppliedState, Change, DueKey, LogEntry } from '../../replication/index.js';
import type { LogRead, RecordView, Storage, StoredReplica } from '../../storage/index.js';
import type { FlushReports } from './flush-reports.js';
import type { ReplicaLog } from './replica-log.js';
import type { ReplicaState } from './replica-state.js';
import type { StoredEntriesReader } from './stored-entries-reader.js';

export interface DurableStorageParts {
  readonly state: ReplicaState;
  readonly log: ReplicaLog;
  /** Reads entries of the log again. */
  readonly reader: Pick<StoredEntriesReader, 'read'>;
  /** Undefined: the log flushes what it keeps. */
  readonly flushes: FlushReports | undefined;
}

export class DurableStorage implements Storage {
  readonly volatile = false;
  readonly persistsAtOnce = false;
  readonly log: ReplicaLog;
  readonly watchFlushes: Storage['watchFlushes'];
  readonly range: Storage['range'];
  readonly #parts: DurableStorageParts;
  readonly #state: ReplicaState;
  #replica: StoredReplica | undefined;
  /** The newest change waits until the state has caught up. */
  #caughtUp: Promise<void> | undefined;

  constructor(parts: DurableStorageParts) {
    this.#parts = parts;
    this.#state = parts.state;
    this.log = parts.log;
    const { state, flushes } = parts;
    this.range = state.range?.bind(state);
    this.watchFlushes = flushes && ((listener) => flushes.watch(listener));
  }

  get keyCount(): number {
    return this.#state.keyCount;
  }
  get expiringCount(): number {
    return this.#state.expiringCount;
  }
  get earliestExpiryMs(): number | undefined {
    return this.#state.earliestExpiryMs;
  }
  get dataBytes(): number {
    return this.#state.dataBytes;
  }
  get memoryBytes(): number {
    return this.#state.memoryBytes;
  }
  get backlog(): Promise<void> | undefined {
    return this.#state.backlog;
  }

  attach(replica: StoredReplica): void {
    this.#replica = replica;
    this.#state.attach(replica, this.log);
  }

  /** See `Replica.appliedState`. */
  get appliedState(): AppliedState | undefined {
    return this.#replica?.appliedState;
  }

  persist(change: Change): Promise<void> {
    const kept = this.#persist(change);
    this.#parts.flushes?.called(kept, !this.log.isHeld);
    return this.#unlessBehind(change, kept);
  }

  /** While the state is behind, entries do not count as kept: so no more come. Changes count in their order. */
  #unlessBehind(change: Change, kept: Promise<void>): Promise<void> {
    const behind = change.type === 'append' ? this.#state.behind : undefined;
    if (behind === undefined && this.#caughtUp === undefined) return kept;
    // The database may wait for the next flush of the log.
    if (behind !== undefined) this.flushSoon();
    const all = Promise.all([this.#caughtUp, behind, kept]).then(() => {
      if (this.#caughtUp === all) this.#caughtUp = undefined;
    });
    this.#caughtUp = all;
    return all;
  }

  readLog(read: LogRead): Promise<readonly LogEntry[] | undefined> {
    return this.#parts.reader.read(read);
  }

  watchLogStart(listener: (seq: number) => void): void {
    const { journal } = this.log;
    journal.onTrimmed = () => listener(journal.index.start);
  }

  flushSoon(): void {
    this.#parts.flushes?.flushSoon();
  }

  apply(entries: readonly LogEntry[]): void {
    this.log.appliedSeq = entries.at(-1)?.seq ?? this.log.appliedSeq;
    this.#state.apply(entries);
  }

  get(key: string): ReturnType<Storage['get']> {
    return this.#state.get(key);
  }
  head(key: string): ReturnType<Storage['head']> {
    return this.#state.head(key);
  }
  due(timeMs: number, most: number, take: (keys: readonly DueKey[]) => void): void {
    this.#state.due(timeMs, most, take);
  }
  scan(chunkBytes: number, take: (record: RecordView) => void): ReturnType<Storage['scan']> {
    return this.#state.scan(chunkBytes, take);
  }

  close(): Promise<void> {
    return this.#state.close();
  }

  /** The replica has left. Resolves once that is durable. */
  discard(): Promise<void> {
    this.#state.discard();
    return this.log.leave();
  }

  #persist(change: Change): Promise<void> {
    switch (change.type) {
      case 'load':
        this.#state.load(change.items);
        return this.log.kept;
      case 'loadRequests':
        this.#state.loadRequests(change.requests);
        return this.log.kept;
      case 'complete':
        return this.log.complete(this.#state.complete(this.log.appliedSeq));
      case 'reset':
      case 'rebase':
        return this.#startAt(change);
      default:
        return this.log.append(change);
    }
  }

  #startAt(change: Extract<Change, { type: 'reset' | 'rebase' }>): Promise<void> {
    const kept = this.log.append(change);
    const { journal, resets } = this.log;
    if (change.type === 'reset') this.#state.reset(change, journal.replica, resets);
    else this.#state.rebased();
    this.log.appliedSeq = change.baseSeq;
    return kept;
  }
}
