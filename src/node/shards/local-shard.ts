/** Reads and writes on the replica of this node. They are refused, with an error code, unless it is the serving primary. */
import { type ErrorCode, KvError, type ShardPosition } from '../../errors.js';
import type { Answer, FoundItem, Refusal, RequestIdentity, Transaction } from '../../replication/index.js';
import type { StoredHead, StoredValue } from '../../storage/index.js';
import { transactionCost } from '../capacity/transaction-cost.js';
import type { WriteAdmission } from '../capacity/write-admission.js';
import type { AnswerSink, ShardHost } from './shard-host.js';
import { storedItems } from './stored-items.js';
import { maxStoredWaitMs, type StoredWait, StoredWaits, type WaitingForStored } from './stored-wait.js';
import type { Stripes } from './stripes.js';

export interface LocalWrite {
  readonly key: string;
  /** Undefined: delete. It must not be memory that is used again: the log keeps it as it is. */
  readonly value: Uint8Array | undefined;
  readonly ifVersion: number | undefined;
  /** Of a put: the key expires this long after it (R17). Undefined: never. */
  readonly ttlMs?: number | undefined;
  /** The answer waits until every required replica has flushed the write. */
  readonly sync?: boolean | undefined;
  /** With it, the write is executed once, however often it comes (R16). */
  readonly request?: RequestIdentity | undefined;
}

export interface LocalTransaction {
  readonly transaction: Transaction;
  /** Those of the transaction, once each. */
  readonly keys: readonly string[];
  /** As in `LocalWrite`. */
  readonly sync?: boolean | undefined;
  readonly request?: RequestIdentity | undefined;
}

/** An operation under way at the shard. One of its two outcomes is called, once. */
export abstract class LocalOperation implements AnswerSink, WaitingForStored {
  /**
   * A write: every in-sync replica holds it; version 0: there was nothing to delete. An ordered read with no write before it: it may
   * read what is stored, now. A transaction reports the version of its first operation here.
   */
  abstract succeeded(version: number): void;
  /** A KvError, unless the error is unexpected. `operation`: which operation of a transaction was refused. */
  abstract failed(error: unknown, operation?: number): void;

  get storedWaitMs(): number {
    return maxStoredWaitMs;
  }

  get isGivenUp(): boolean {
    return false;
  }

  answer(answer: Answer): void {
    if (answer.kind === 'written') this.succeeded(answer.version);
    else if (answer.kind === 'transacted') this.succeeded(answer.results[0]?.version ?? 0);
    else if (answer.kind === 'refused') this.failed(errorOf(answer), answer.operation);
    else this.succeeded(0);
  }
}

const reasons: Record<Exclude<Refusal, 'VERSION_MISMATCH' | 'VALUE_MISMATCH'>, string> = {
  NOT_PRIMARY: 'this node is not the primary of the shard',
  TAKEOVER_IN_PROGRESS: 'the new primary has not yet committed the entries that it inherited',
  HANDOVER_IN_PROGRESS: 'the shard is being handed to another node',
  LEASE_LAPSED: 'a backup has not answered for a lease; the primary may have been replaced',
  PAUSED: 'the primary reaches neither all its backups nor ZooKeeper',
  TOO_FEW_IN_SYNC: 'fewer replicas are in sync than --min-in-sync requires; kvctl status shows which are missing',
  OVERLOADED: 'too many writes are waiting to be replicated',
  NOT_A_NUMBER: 'the value is not a number of up to 19 digits before and 17 after the point',
  OUT_OF_RANGE: 'the sum is outside its bounds; nothing was written',
  MESSAGE_TOO_LARGE: 'the values of what is written and answered have more than 13 MiB together; nothing was written',
  VALUE_TOO_LARGE: 'the whole value would be longer than allowed; nothing was written',
  REQUEST_TOO_OLD: 'the shard may have forgotten whether it has executed this request',
  REQUEST_REUSED: 'the client has used the number of this request for another one',
  OUTCOME_UNKNOWN: 'the primary was replaced before the write was known to be committed',
};

type Refused = Omit<Extract<Answer, { kind: 'refused' }>, 'kind'>;

/** `isDefinite` false: the request was sent before, and that attempt may have been executed (R16). */
function errorOf({ refusal, currentVersion, isDefinite = true, position }: Refused): KvError {
  if (refusal !== 'VERSION_MISMATCH' && refusal !== 'VALUE_MISMATCH') {
    const executed = isDefinite ? {} : ({ executed: 'unknown' } as const);
    return new KvError(refusal satisfies ErrorCode, reasons[refusal], { ...executed, ...(position && { position }) });
  }
  const other = refusal === 'VALUE_MISMATCH' ? 'has another value; it ' : '';
  return new KvError(refusal, `the key ${other}is at version ${currentVersion}`, { currentVersion: currentVersion ?? 0 });
}

/** Every `nowMs` is monotonic, and sampled in the turn of the call, after the request came in (R9). */
export class LocalShard {
  readonly #host: ShardHost;
  readonly #stripes: Stripes;
  readonly #admission: WriteAdmission;
  readonly #waits = new StoredWaits();

  constructor(host: ShardHost, stripes: Stripes, admission: WriteAdmission) {
    this.#host = host;
    this.#stripes = stripes;
    this.#admission = admission;
  }

  /** Why nothing may be read now: the read is definitely not executed. */
  refusalOfRead(nowMs: number): KvError | undefined {
    const refusal = this.#host.refusalOfRead(nowMs);
    return refusal === undefined ? undefined : errorOf({ refusal });
  }

  /** A position that a client may name with its next request (R16); undefined: this replica holds no complete copy. */
  get position(): ShardPosition | undefined {
    return this.#host.position;
  }

  /**
   * The committed value. The read is linearizable if `refusalOfRead` refuses nothing in the same turn. The value may be a view that is
   * good only until the storage changes (`Storage.get`).
   */
  stored(key: string): StoredValue | undefined | Promise<StoredValue | undefined> {
    return this.#host.storage.get(key);
  }

  /** The operation waits for what is stored, at this primary. */
  beginWait(operation: WaitingForStored): StoredWait {
    return this.#waits.begin(operation, this.#host.epoch);
  }

  /**
   * The replica may not be primary any more: operations that wait for what is stored are refused, definitely not executed. The new
   * primary can serve them now, and the storage here may not answer for a long time.
   */
  standingChanged(): void {
    this.#waits.failUnless(
      (epoch) => this.#host.isPrimaryIn(epoch),
      () => errorOf({ refusal: 'NOT_PRIMARY' }),
    );
  }

  /** Whether a write of the key is under way: a read of it may have to wait for that write. */
  isBeingWritten(key: string): boolean {
    return this.#host.uncommittedVersion(key) !== undefined || this.#stripes.isLocked(key);
  }

  /** Answers once the last write of the key that came before has committed, with that write. */
  readInOrder(key: string, operation: LocalOperation): void {
    this.#withStored([key], operation, nothing, () => this.#host.write({ type: 'orderedRead', token: operation, key }));
  }

  /**
   * How long a key still exists that is due at this time of the shard; undefined: it is never due. 0 says that the key is due: a
   * read of it goes through `readDue`.
   */
  expiresInMs(expiresAtMs: number | undefined): number | undefined {
    if (expiresAtMs === undefined) return undefined;
    return Math.max(0, expiresAtMs - this.#host.timeMs(performance.now()));
  }

  /** Answers like `readInOrder`; a key that is due is deleted first, and the answer waits for that (R17). */
  readDue(key: string, operation: LocalOperation): void {
    // The deadline of a write under way is in the log. What is stored is older, and may be taken for the newest once that write is
    // applied, before the answer of a slow storage.
    const find = (): StoredHead | undefined | Promise<StoredHead | undefined> =>
      this.#host.uncommittedVersion(key) === undefined ? this.#host.storage.head(key) : undefined;
    this.#withStored([key], operation, find, (stored) =>
      this.#host.write({ type: 'orderedRead', token: operation, key, storedExpiresAtMs: stored?.expiresAtMs }),
    );
  }

  /** Writes of one key take effect in the order of the calls. */
  write(write: LocalWrite, operation: LocalOperation, nowMs: number): void {
    const refusal = this.#recognises(write) ? undefined : this.#admission.refusalOf(write, nowMs);
    if (refusal !== undefined) return operation.failed(refusal);
    const append = (newest: StoredHead | undefined): void => this.#append(write, operation, newest);
    if (this.#stripes.isLocked(write.key)) return this.#withStored([write.key], operation, () => this.#newestHead(write), append);
    // A look-up and an append in one turn need no lock: nothing else can run in between.
    const newest = this.#newestHead(write);
    if (newest instanceof Promise) this.#withStored([write.key], operation, () => newest, append);
    else this.#append(write, operation, newest, nowMs);
  }

  /** Takes effect as a whole, in the order of the calls for each of its keys. */
  transact(proposed: LocalTransaction, operation: LocalOperation, nowMs: number): void {
    const { keys } = proposed;
    const judge = (items: readonly FoundItem[], at?: number): void =>
      this.#judge(proposed, operation, storedItems(keys, items), at);
    let at: number | undefined = nowMs;
    const find = (): readonly FoundItem[] | Promise<readonly FoundItem[]> => {
      const found: (FoundItem | Promise<FoundItem>)[] = [];
      let isWaiting = false;
      for (const key of keys) {
        const item = this.#newestItem(key);
        isWaiting ||= item instanceof Promise;
        found.push(item);
      }
      return isWaiting ? Promise.all(found) : (found as FoundItem[]);
    };
    if (keys.length === 1 && !this.#stripes.isLocked(keys[0]!)) {
      // As in `write`.
      const item = this.#newestItem(keys[0]!);
      if (!(item instanceof Promise)) return judge([item], nowMs);
      return this.#withStored(
        keys,
        operation,
        () => item,
        (found) => judge([found]),
      );
    }
    this.#withStored(keys, operation, find, (found) => judge(found, at));
    at = undefined;
  }

  #judge(
    proposed: LocalTransaction,
    operation: LocalOperation,
    stored: ReturnType<typeof storedItems>,
    nowMs: number | undefined,
  ): void {
    const { transaction, sync, request } = proposed;
    const { bytes, grows } = transactionCost(transaction, stored);
    const isKnown = this.#recognises(proposed);
    const refusal = isKnown ? undefined : this.#admission.refusalOfCost(bytes, () => !grows, nowMs ?? performance.now());
    if (refusal !== undefined) return operation.failed(refusal);
    const hasRoom = this.#hasRoomFor(request, nowMs);
    this.#host.write({ type: 'transact', token: operation, transaction, stored, sync, request, hasRoom }, nowMs);
  }

  #hasRoomFor(request: RequestIdentity | undefined, nowMs = performance.now()): boolean | undefined {
    return request && this.#admission.hasRoomForRequests(nowMs);
  }

  /** Whether the request was executed before: then it changes nothing, and needs no room. */
  #recognises({ request }: { readonly request?: RequestIdentity | undefined }): boolean {
    return request !== undefined && !request.isFirstAttempt && this.#host.recognises(request);
  }

  /** What the newest entry of the key leaves, committed or not. It may be a view, as in `stored`. */
  #newestItem(key: string): FoundItem | Promise<FoundItem> {
    const uncommitted = this.#host.uncommittedItem(key);
    if (uncommitted !== undefined) return uncommitted;
    const found = this.#host.storage.get(key);
    return found instanceof Promise ? found.then(itemOf) : itemOf(found);
  }

  /**
   * The version of the key's newest entry, committed or not (0: there is none), and when a stored value is due. Undefined if the write
   * does not depend on it. Must be called under the stripe, or in the turn of the append.
   */
  #newestHead({ key, value, ifVersion }: LocalWrite): StoredHead | undefined | Promise<StoredHead> {
    if (value !== undefined && ifVersion === undefined) return undefined;
    const uncommitted = this.#host.uncommittedVersion(key);
    if (uncommitted !== undefined) return { version: uncommitted };
    const found = this.#host.storage.head(key);
    return found instanceof Promise ? found.then((head) => head ?? nothingStored) : (found ?? nothingStored);
  }

  #append(
    { key, value, ifVersion, ttlMs, sync, request }: LocalWrite,
    token: LocalOperation,
    newest: StoredHead | undefined,
    nowMs?: number,
  ): void {
    const { version: storedVersion, expiresAtMs: storedExpiresAtMs } = newest ?? notLookedUp;
    const hasRoom = this.#hasRoomFor(request, nowMs);
    this.#host.write(
      { type: 'write', token, key, value, ifVersion, ttlMs, storedVersion, storedExpiresAtMs, sync, request, hasRoom },
      nowMs,
    );
  }

  /**
   * Looks up what is stored, and goes on with that, under the stripes of the keys. It does so at once if the stripes are free and the
   * storage answers at once. Otherwise the operation waits for a limited time, and is not executed if that is over. What was found
   * before another primary was elected does not count.
   */
  #withStored<Found>(
    keys: readonly string[],
    operation: LocalOperation,
    find: () => Found | Promise<Found>,
    goOn: (found: Found) => void,
  ): void {
    let wait: StoredWait | undefined;
    const section = (): void | Promise<void> => {
      if (wait?.isOver === true) return void wait.end();
      const found = find();
      if (!(found instanceof Promise)) return wait === undefined || wait.end() ? goOn(found) : undefined;
      const { epoch, isPrimary } = this.#host;
      wait ??= this.beginWait(operation);
      if (!isPrimary) {
        found.catch(() => {});
        return wait.fail(errorOf({ refusal: 'NOT_PRIMARY' }));
      }
      return wait.until(found, (value) => {
        if (this.#host.isPrimaryIn(epoch)) goOn(value);
        else operation.failed(errorOf({ refusal: 'NOT_PRIMARY' }));
      });
    };
    const pending = this.#stripes.runAll(keys, section);
    if (!(pending instanceof Promise)) return;
    wait ??= this.beginWait(operation);
    const { fail } = wait;
    // The storage has failed to read, so nothing was appended.
    pending.catch(fail);
  }
}

function nothing(): undefined {}

const nothingStored: StoredHead = { version: 0 };
const notLookedUp: Partial<StoredHead> = {};

function itemOf(found: StoredValue | undefined): FoundItem {
  return found ?? { value: undefined, version: 0 };
}
