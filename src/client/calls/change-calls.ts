/** The calls of `KvClient` that change what is there: counters, parts of values, and transactions. */
import type { CallOptions } from '../call-limits.js';
import { singleChange, type TransactInput, type TransactOutcome, transaction } from '../changes/change-requests.js';
import {
  type IncrementOutcome,
  type IncrementSettings,
  type LengthLimit,
  type LengthOutcome,
  op,
  type PersistOutcome,
  type PreparedOperation,
  type ReplacedOutcome,
  type TouchOutcome,
} from '../changes/key-operations.js';
import type { WriteDurability, WriteExpiry } from '../results.js';
import { checked } from './checked.js';
import { DataCalls } from './data-calls.js';

/** Of a call that writes. */
interface WriteCall extends CallOptions, WriteDurability {}

/** The node that answered: the primary. */
interface Answered {
  readonly nodeId: string;
}

export abstract class ChangeCalls extends DataCalls {
  /**
   * Adds to the number under a key, which is decimal text, and returns the sum.
   *
   * @throws KvError as for `put`; NOT_A_NUMBER if the value is none; OUT_OF_RANGE if the sum is outside the bounds.
   */
  increment(key: string, options: IncrementSettings & WriteCall = {}): Promise<IncrementOutcome & Answered> {
    return this.#change(() => op.increment(key, options), options);
  }

  /** Writes bytes behind the value of a key. @throws KvError as for `put`; VALUE_TOO_LARGE if the whole would be too long. */
  append(key: string, value: string | Uint8Array, options: LengthLimit & WriteCall = {}): Promise<LengthOutcome & Answered> {
    return this.#change(() => op.append(key, value, options), options);
  }

  /** Overwrites bytes of a value from an offset on; a gap becomes zeros. @throws KvError as for `append`. */
  setRange(
    key: string,
    offset: number,
    value: string | Uint8Array,
    options: LengthLimit & WriteCall = {},
  ): Promise<LengthOutcome & Answered> {
    return this.#change(() => op.setRange(key, offset, value, options), options);
  }

  /** Writes a value and returns the one that was there. @throws KvError as for `put`. */
  getAndSet(key: string, value: string | Uint8Array, options: WriteExpiry & WriteCall = {}): Promise<ReplacedOutcome & Answered> {
    return this.#change(() => op.getAndSet(key, value, options), options);
  }

  /** Removes a key and returns its value. @throws KvError as for `put`. */
  getAndDelete(key: string, options: WriteCall = {}): Promise<ReplacedOutcome & Answered> {
    return this.#change(() => op.getAndDelete(key), options);
  }

  /** Gives a key a new TTL: it expires `ttlMs` after the call. The key gets a new version. @throws KvError as for `put`. */
  touch(key: string, ttlMs: number, options: WriteCall = {}): Promise<TouchOutcome & Answered> {
    return this.#change(() => op.touch(key, ttlMs), options);
  }

  /** Takes the TTL of a key away; the key then gets a new version. @throws KvError as for `put`. */
  persist(key: string, options: WriteCall = {}): Promise<PersistOutcome & Answered> {
    return this.#change(() => op.persist(key), options);
  }

  /**
   * Executes operations on keys of one shard together: all of them if every condition holds, otherwise the others. They become
   * visible at once, and no failure leaves a part. If one is refused, none is executed.
   *
   * @example
   * const { held, results } = await client.transact({
   *   if: [{ key: '{cart}:state', value: 'open' }],
   *   do: [op.increment('{cart}:total', { by: 5 }), op.put('{cart}:item', 'book')],
   *   otherwise: [op.get('{cart}:state')],
   * });
   * @throws KvError as for `put`, and what the operations throw; INVALID_ARGUMENT if there are more than 1,024 conditions and
   *   operations, or keys of several shards.
   */
  transact<
    const Operations extends readonly PreparedOperation<unknown>[],
    const Otherwise extends readonly PreparedOperation<unknown>[] = [],
  >(input: TransactInput<Operations, Otherwise>, options: WriteCall = {}): Promise<TransactOutcome<Operations, Otherwise>> {
    return checked(() => {
      const { request, toResult } = transaction(input, (key) => this.core.shardOf(key), options);
      return this.core.execute(request, this.core.limitsOf(options), toResult);
    });
  }

  #change<Result extends object>(operation: () => PreparedOperation<Result>, options: WriteCall): Promise<Result & Answered> {
    return checked(() => {
      const { request, toResult } = singleChange(operation(), options);
      return this.core.execute(request, this.core.limitsOf(options), toResult);
    });
  }
}
