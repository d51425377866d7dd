/**
 * A history: the operations of clients, their times and their answers. It is the input of every check in this folder.
 * Pure data.
 *
 * Times are microseconds on one clock that all clients share. Only their order is used. An operation is one call of
 * one client, and a client has at most one in flight. A call without an answer, because the client's process died,
 * must be in the history as `unknown`: without it a correct history may look wrong.
 */

/** `ifVersion` 0: only if the key does not exist. `ifValue`: only if the key exists and has this value. */
interface Condition {
  readonly ifVersion?: number;
  readonly ifValue?: string;
}

/** The calls that neither show nor depend on what was there before, conditions aside. */
export type PlainCall =
  | { readonly kind: 'get' }
  /** With `ttlMs` the value is of this call alone, so that the key's expiry is recognised (expiry.ts). */
  | ({ readonly kind: 'put'; readonly value: string; readonly ttlMs?: number } & Condition)
  | ({ readonly kind: 'delete' } & Condition);

/** A call on one key. In values each character stands for one byte. Numbers are decimal text. */
export type SingleCall =
  | PlainCall
  | { readonly kind: 'getAndSet'; readonly value: string }
  | { readonly kind: 'getAndDelete' }
  /** A key that does not exist counts as `initial`, by default 0. */
  | {
      readonly kind: 'increment';
      readonly by: string;
      readonly initial?: string;
      readonly min?: string;
      readonly max?: string;
    }
  | { readonly kind: 'append'; readonly value: string; readonly maxBytes?: number }
  | { readonly kind: 'setRange'; readonly offset: number; readonly value: string; readonly maxBytes?: number };

/**
 * A call of a transaction. No `ifVersion` names a key that an earlier call of the transaction changes: the client cannot
 * know that version.
 */
export interface KeyedCall {
  readonly key: string;
  readonly call: SingleCall;
}

/** What must be true before a transaction. The parts that are left out require nothing. */
export interface Comparison extends Condition {
  readonly key: string;
  readonly exists?: boolean;
}

/** Executes `operations` if every comparison holds, and `otherwise` if not. Each operation sees those before it. */
export interface Branches {
  readonly compares: readonly Comparison[];
  readonly operations: readonly KeyedCall[];
  readonly otherwise: readonly KeyedCall[];
}

export interface TransactionCall extends Branches {
  readonly kind: 'transact';
}

export type Call = SingleCall | TransactionCall;

/** The answer to a call on one key. `version` of a change: the version that it gave the key. */
export type CallResult =
  | { readonly kind: 'missing' }
  | { readonly kind: 'found'; readonly value: string; readonly version: number }
  /** A put or a delete was executed. */
  | { readonly kind: 'written'; readonly version: number }
  /** A delete found no key. */
  | { readonly kind: 'nothingToDelete' }
  /**
   * Of getAndSet and getAndDelete: what was there before. `previousVersion` 0, and no value: nothing. `version` 0: a
   * getAndDelete found no key.
   */
  | { readonly kind: 'replaced'; readonly value: string | undefined; readonly previousVersion: number; readonly version: number }
  /** Of an increment: what it wrote. */
  | { readonly kind: 'sum'; readonly value: string; readonly version: number }
  /** Of append and setRange: the length of the whole value. */
  | { readonly kind: 'length'; readonly valueBytes: number; readonly version: number };

export type Outcome =
  | CallResult
  /**
   * Of a transaction. `version` 0: it wrote nothing. The results belong to `operations` if every comparison held, and
   * to `otherwise` if not.
   */
  | { readonly kind: 'transacted'; readonly held: boolean; readonly version: number; readonly results: readonly CallResult[] }
  /** `ifVersion` did not hold: the key has this version, 0 if it does not exist. That proves as much as a read. */
  | { readonly kind: 'mismatch'; readonly version: number }
  /** Refused because of what was stored: another value, no number, a sum out of bounds, a value that would be too long. */
  | { readonly kind: 'declined'; readonly code: string }
  /** Definitely not executed. */
  | { readonly kind: 'refused'; readonly code: string }
  /** A write may have been executed, may be executed later, or never. A read has no result. `reason`: the message of its error. */
  | { readonly kind: 'unknown'; readonly code: string; readonly reason?: string };

export interface Operation {
  readonly client: string;
  /** Of a transaction: the first key that it names. */
  readonly key: string;
  readonly call: Call;
  readonly invokedAtUs: number;
  /** When the client received the answer or gave up. An unknown write may take effect later. */
  readonly returnedAtUs: number;
  readonly outcome: Outcome;
}

/** The results of the last reads, after every fault had ended. Undefined: the key does not exist. */
export type FinalState = ReadonlyMap<string, { readonly value: string; readonly version: number } | undefined>;

/** A call on one key, with its result if that is known. */
export interface CallPart extends KeyedCall {
  readonly result: CallResult | undefined;
}

export function isAnswered({ outcome }: Operation): boolean {
  return outcome.kind !== 'unknown' && outcome.kind !== 'refused';
}

/** Every key that the operation names, comparisons included. */
export function namedKeys({ key, call }: Operation): ReadonlySet<string> {
  if (call.kind !== 'transact') return new Set([key]);
  const { compares, operations, otherwise } = call;
  return new Set([...compares, ...operations, ...otherwise].map((one) => one.key));
}

/** The calls on single keys that were executed, or may have been where the outcome is unknown. */
export function partsOf({ key, call, outcome }: Pick<Operation, 'key' | 'call' | 'outcome'>): readonly CallPart[] {
  if (outcome.kind === 'refused' || outcome.kind === 'mismatch' || outcome.kind === 'declined') return [];
  if (call.kind !== 'transact') return [{ key, call, result: resultOf(outcome) }];
  if (outcome.kind !== 'transacted') return [...call.operations, ...call.otherwise].map((one) => ({ ...one, result: undefined }));
  const executed = outcome.held ? call.operations : call.otherwise;
  return executed.map((one, index) => ({ ...one, result: outcome.results[index] }));
}

/** The result of an executed call on one key; undefined if it is not known. */
export function resultOf(outcome: Outcome): CallResult | undefined {
  switch (outcome.kind) {
    case 'transacted':
    case 'mismatch':
    case 'declined':
    case 'refused':
    case 'unknown':
      return undefined;
    default:
      return outcome;
  }
}

/** The version that an answered operation gave the keys that it changed; 0 if it is not known to have changed any. */
export function writtenVersion({ outcome }: Pick<Operation, 'outcome'>): number {
  return outcome.kind === 'transacted' ? outcome.version : writtenBy(resultOf(outcome));
}

/** The same for the result of a call on one key. */
export function writtenBy(result: CallResult | undefined): number {
  return result !== undefined && 'version' in result && result.kind !== 'found' ? result.version : 0;
}
