/** Reads and writes on the replica of this node: refused with our codes unless it is the serving primary. */
import { type ErrorCode, KvError } from '../../errors.js';
import type { Answer, Refusal } from '../../replication/index.js';
import type { StoredValue } from '../../storage/index.js';
import type { WriteAdmission } from '../capacity/write-admission.js';
import type { AnswerSink, ShardHost } from './shard-host.js';
import type { Stripes } from './stripes.js';

export interface LocalWrite {
  readonly key: string;
  /** Undefined: delete. Must be memory of its own: the log keeps it as it is. */
  readonly value: Uint8Array | undefined;
  readonly ifVersion: number | undefined;
}

/** An operation under way at the shard, which hears once what became of it. */
export abstract class LocalOperation implements AnswerSink {
  /**
   * A write: every in-sync replica holds it; version 0: there was nothing to delete. An ordered read behind no write: it may
   * read what is stored, at once.
   */
  abstract succeeded(version: number): void;
  /** A KvError, unless nobody expected it. */
  abstract failed(error: unknown): void;

  answer(answer: Answer): void {
    if (answer.kind === 'written') this.succeeded(answer.version);
    else if (answer.kind === 'refused') this.failed(errorOf(answer.refusal, answer.currentVersion));
    else this.succeeded(0);
  }
}

const reasons: Record<Exclude<Refusal, 'VERSION_MISMATCH'>, string> = {
  NOT_PRIMARY: 'this node is not the primary of the shard',
  TAKEOVER_IN_PROGRESS: 'the new primary is still making sure of what it inherited',
  HANDOVER_IN_PROGRESS: 'the shard is being handed to another node',
  LEASE_LAPSED: 'a backup has not answered for a lease; the primary may have been replaced',
  PAUSED: 'the primary reaches neither all its backups nor ZooKeeper',
  TOO_FEW_IN_SYNC: 'fewer replicas are in sync than minInSync asks for',
  OVERLOADED: 'too many writes are waiting to be replicated',
  OUTCOME_UNKNOWN: 'the primary was replaced before the write was known to be committed',
};

function errorOf(refusal: Refusal, currentVersion: number | undefined): KvError {
  if (refusal !== 'VERSION_MISMATCH') return new KvError(refusal satisfies ErrorCode, reasons[refusal]);
  return new KvError('VERSION_MISMATCH', `the key is at version ${currentVersion}`, { currentVersion: currentVersion ?? 0 });
}

/** Every `nowMs` is monotonic, and of the turn of the call, after the request came in (R9). */
export class LocalShard {
  readonly #host: ShardHost;
  readonly #stripes: Stripes;
  readonly #admission: WriteAdmission;

  constructor(host: ShardHost, stripes: Stripes, admission: WriteAdmission) {
    this.#host = host;
    this.#stripes = stripes;
    this.#admission = admission;
  }

  /** Why nothing may be read now: definitely not executed. */
  refusalOfRead(nowMs: number): KvError | undefined {
    const refusal = this.#host.refusalOfRead(nowMs);
    return refusal === undefined ? undefined : errorOf(refusal, undefined);
  }

  /**
   * What is committed; linearizable where `refusalOfRead` refuses nothing in the same turn. The value may be a view that
   * is good for as long only as the storage is left alone (`Storage.get`).
   */
  stored(key: string): StoredValue | undefined | Promise<StoredValue | undefined> {
    return this.#host.storage.get(key);
  }

  /** Whether a write of the key is under way, which a read of it may have to wait for. */
  isBeingWritten(key: string): boolean {
    return this.#host.uncommittedVersion(key) !== undefined || this.#stripes.isLocked(key);
  }

  /** Answered `readable` once the last write of the key that came before has committed, and with that write. */
  readInOrder(key: string, operation: LocalOperation): void {
    this.#underStripe(key, operation, () => this.#host.handle({ type: 'orderedRead', token: operation, key }));
  }

  /** Writes of one key take effect in the order of the calls. */
  write(write: LocalWrite, operation: LocalOperation, nowMs: number): void {
    const refusal = this.#admission.refusalOf(write, nowMs);
    if (refusal !== undefined) return operation.failed(refusal);
    if (this.#stripes.isLocked(write.key))
      return this.#underStripe(write.key, operation, async () =>
        this.#append(write, operation, await this.#newestVersion(write)),
      );
    // What is looked up and appended in one turn needs no lock: nothing can come between.
    const newest = this.#newestVersion(write);
    if (newest instanceof Promise)
      this.#underStripe(write.key, operation, () => newest.then((version) => this.#append(write, operation, version)));
    else this.#append(write, operation, newest, nowMs);
  }

  /** What was written in this turn goes to the backups now, and not at its end. */
  flush(): void {
    this.#host.flush();
  }

  /**
   * Of the newest entry of the key, committed or not; 0: there is none. Under the stripe, or in the turn of the append.
   * Undefined where nothing depends on it.
   */
  #newestVersion({ key, value, ifVersion }: LocalWrite): number | undefined | Promise<number> {
    if (value !== undefined && ifVersion === undefined) return undefined;
    return this.#host.uncommittedVersion(key) ?? this.#host.storage.version(key);
  }

  #append({ key, value, ifVersion }: LocalWrite, token: LocalOperation, storedVersion: number | undefined, nowMs?: number): void {
    this.#host.write({ type: 'write', token, key, value, ifVersion, storedVersion }, nowMs);
  }

  /** A storage that fails to read is the one way for `section` to fail: nothing was appended. */
  #underStripe(key: string, operation: LocalOperation, section: () => void | Promise<void>): void {
    const pending = this.#stripes.run(key, section);
    if (pending instanceof Promise) pending.catch((error: unknown) => operation.failed(error));
  }
}
