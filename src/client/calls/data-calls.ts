/** The calls of `KvClient` that read and write values of keys. */
import { KvError } from '../../errors.js';
import type { DataRequest } from '../../wire/pipeline/pipeline-operations.js';
import { checkDistinct } from '../arguments.js';
import { inParallel } from '../bulk.js';
import type { CallOptions, Limits } from '../call-limits.js';
import { type UpdateFunction, type UpdateResult, updateKey } from '../changes/update.js';
import type { ClientCore } from '../client-core.js';
import {
  deleteRequest,
  expiryFields,
  getRequest,
  type PutDataRequest,
  putRequest,
  toDeleteResult,
  toGetResult,
  toPutResult,
} from '../data-requests.js';
import type {
  DeleteOptions,
  DeleteResult,
  FailedOutcome,
  GetOutcome,
  GetResult,
  PutEntry,
  PutOptions,
  PutOutcome,
  PutResult,
  UpdateOptions,
} from '../results.js';
import { checked } from './checked.js';

const defaultUpdateAttempts = 64;

export abstract class DataCalls {
  protected readonly core: ClientCore;

  protected constructor(core: ClientCore) {
    this.core = core;
  }

  /**
   * Reads the value of a key; undefined if the key does not exist. Linearizable; retried after any temporary failure.
   *
   * @throws KvError INVALID_KEY; the last refusal, or DEADLINE_EXCEEDED, at the deadline; WRONG_CLUSTER if nodes of another cluster
   *   are all that answers; CANCELLED; CLOSED.
   */
  get(key: string, options: CallOptions = {}): Promise<GetResult | undefined> {
    return checked(() => this.#get(getRequest(key), this.core.limitsOf(options)));
  }

  /**
   * Writes a value, or with `ifVersion` or `ifAbsent` only if the key is still as expected. The key expires only if `ttlMs` or
   * `keepTtl` says so.
   *
   * @param value a string is stored as UTF-8. Up to 1 MiB unless the nodes are configured otherwise. Bytes are not copied:
   *   do not change them before the promise is settled, because the write may wait or be retried until then.
   * @throws KvError INVALID_KEY, INVALID_ARGUMENT, VALUE_TOO_LARGE; VERSION_MISMATCH with `currentVersion`; WRONG_CLUSTER as for `get`;
   *   the last refusal (`executed: 'no'`) if no attempt was accepted before the deadline; CLOSED. OUTCOME_UNKNOWN,
   *   DEADLINE_EXCEEDED or CANCELLED with `executed: 'unknown'` if the value may have been written, and no further attempt has
   *   brought the answer in time.
   */
  put(key: string, value: string | Uint8Array, options: PutOptions = {}): Promise<PutResult> {
    return checked(() => this.#put(putRequest(key, value, options), this.core.limitsOf(options)));
  }

  /**
   * Removes a key, or with `ifVersion` only if it is still at that version. Removing a missing key is no error.
   *
   * @throws KvError as for `put`.
   */
  delete(key: string, options: DeleteOptions = {}): Promise<DeleteResult> {
    return checked(() => this.core.execute(deleteRequest(key, options), this.core.limitsOf(options), toDeleteResult));
  }

  /**
   * Reads a key, and writes what `change` makes of it if the key is unchanged; otherwise again, after a random wait.
   *
   * @param change may be called several times. `null` deletes the key, `undefined` leaves it as it is.
   * @param options `deadlineMs` limits the whole call; `ttlMs` or `keepTtl`, and `sync`, apply to what is written.
   * @throws KvError as for `put`; VERSION_MISMATCH if every attempt met another writer.
   */
  update(key: string, change: UpdateFunction, options: UpdateOptions = {}): Promise<UpdateResult> {
    return checked(() => {
      const limits = this.core.limitsOf(options);
      const expiry = expiryFields(options);
      const { sync = false } = options;
      const steps = {
        get: () => this.#get(getRequest(key), limits),
        put: (value: string | Uint8Array, ifVersion: number) =>
          this.#put(putRequest(key, value, { ...expiry, ifVersion, sync }), limits),
        delete: (ifVersion: number) => this.core.execute(deleteRequest(key, { ifVersion, sync }), limits, toDeleteResult),
      };
      return updateKey(steps, change, { maxAttempts: options.maxAttempts ?? defaultUpdateAttempts, signal: limits.signal });
    });
  }

  /**
   * Reads the values of many keys, from all their shards at once, in the order of the keys. Each read is linearizable;
   * together they are not one snapshot.
   *
   * @param options `deadlineMs` limits the whole call.
   * @throws KvError as for `get`, if any read fails; `mgetSettled` returns each outcome.
   */
  async mget(keys: readonly string[], options: CallOptions = {}): Promise<(GetResult | undefined)[]> {
    const requests = keys.map(getRequest);
    const limits = this.core.limitsOf(options);
    return inParallel(requests, this.#shardOf, (request) => this.#get(request, limits));
  }

  /** Like `mget`, but does not reject if a read fails: each read has its own outcome, in the order of the keys. */
  async mgetSettled(keys: readonly string[], options: CallOptions = {}): Promise<GetOutcome[]> {
    const requests = keys.map(getRequest);
    const limits = this.core.limitsOf(options);
    return inParallel(requests, this.#shardOf, (request) =>
      settled(request.key, async () => ({ key: request.key, ok: true as const, ...(await this.#lookUp(request, limits)) })),
    );
  }

  /**
   * Writes many keys, each on its own, at all their shards at once: not a transaction. Never rejects for the failure of a write:
   * each write has its own outcome, in the order of the entries. Bytes must not be changed before the promise is settled.
   *
   * @param options `deadlineMs` limits the whole call.
   * @throws KvError before anything is sent, if any argument is wrong or a key occurs twice.
   */
  async mput(entries: readonly PutEntry[], options: CallOptions = {}): Promise<PutOutcome[]> {
    const requests = entries.map((entry) => putRequest(entry.key, entry.value, entry));
    checkDistinct(entries.map((entry) => entry.key));
    const limits = this.core.limitsOf(options);
    return inParallel(requests, this.#shardOf, (request) =>
      settled(request.key, async () => ({ key: request.key, ok: true as const, ...(await this.#put(request, limits)) })),
    );
  }

  #get(request: DataRequest, limits: Limits): Promise<GetResult | undefined> {
    return this.core.execute(request, limits, toGetResult);
  }

  /** The result with the node that answered, also for a key that does not exist. */
  #lookUp(request: DataRequest, limits: Limits): Promise<{ found: GetResult | undefined; nodeId: string }> {
    return this.core.execute(request, limits, (result) => ({ found: toGetResult(result), nodeId: result.nodeId }));
  }

  #put(request: PutDataRequest, limits: Limits): Promise<PutResult> {
    return this.core.execute(request, limits, toPutResult);
  }

  readonly #shardOf = ({ key }: DataRequest): number => this.core.shardOf(key);
}

/** The outcome of an operation, success or failure. */
async function settled<Outcome>(key: string, work: () => Promise<Outcome>): Promise<Outcome | FailedOutcome> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    return { key, ok: false, error };
  }
}
