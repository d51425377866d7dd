/** Transactions: operations on keys of one shard that a primary judges together, and that become one log entry (R6). */
import type { Seq } from './ids.js';

/** Holds for the key as the operations before it left it. The parts that are undefined ask for nothing. */
export interface KeyCondition {
  /** 0: the key does not exist. */
  readonly ifVersion?: number | undefined;
  /** The key exists and has this value. */
  readonly ifValue?: Uint8Array | undefined;
}

interface Condition extends KeyCondition {
  readonly key: string;
}

/** When the key expires after the write. `ttlMs`: from now on, more than 0. 'keep': as before. */
export type Expiry = { readonly ttlMs: number } | 'keep';

interface Expiring {
  /** Undefined: never. The write removes a TTL that the key had. */
  readonly expiry?: Expiry | undefined;
}

/** Values become part of the log: they must not be memory that is used again. */
export type KeyOperation =
  | { readonly kind: 'get'; readonly key: string }
  | ({ readonly kind: 'put'; readonly value: Uint8Array } & Condition & Expiring)
  | ({ readonly kind: 'delete' } & Condition)
  | ({ readonly kind: 'getAndSet'; readonly key: string; readonly value: Uint8Array } & Expiring)
  | { readonly kind: 'getAndDelete'; readonly key: string }
  /** Gives the key this TTL from now on, and a new version. The value stays. */
  | { readonly kind: 'touch'; readonly key: string; readonly ttlMs: number }
  /** Removes the TTL of the key, which gets a new version. The value stays. */
  | { readonly kind: 'persist'; readonly key: string }
  /** The numbers are decimal text (decimal.ts). A key that does not exist counts as `initial`. */
  | ({
      readonly kind: 'increment';
      readonly key: string;
      readonly by: string;
      readonly initial: string;
      readonly min?: string | undefined;
      readonly max?: string | undefined;
    } & Expiring)
  | ({ readonly kind: 'append'; readonly key: string; readonly value: Uint8Array; readonly maxBytes: number } & Expiring)
  /** Bytes between the end of the value and `offset` become zero. */
  | ({
      readonly kind: 'setRange';
      readonly key: string;
      readonly offset: number;
      readonly value: Uint8Array;
      readonly maxBytes: number;
    } & Expiring);

/** A condition on what is there before any operation. */
export interface Compare extends Condition {
  /** Undefined: nothing is asked. */
  readonly exists?: boolean | undefined;
}

export interface Transaction {
  readonly compares: readonly Compare[];
  /** Executed if every compare holds, in this order; each operation sees those before it. */
  readonly operations: readonly KeyOperation[];
  /** Executed otherwise. */
  readonly otherwise: readonly KeyOperation[];
}

/** What is stored under a key. */
export interface FoundItem {
  /** Undefined: the key does not exist. */
  readonly value: Uint8Array | undefined;
  /** 0: the key does not exist. */
  readonly version: Seq;
  /** The shard's time from which on the key is due (R17). Undefined: never. */
  readonly expiresAtMs?: number | undefined;
}

/** What an operation of a transaction did. */
export interface KeyResult {
  /**
   * The version of a write, a delete included. 0: it wrote nothing, because the key does not exist, or has no TTL that `persist`
   * could remove. Of a get: the version that was read, or 0.
   */
  readonly version: Seq;
  /** What a get read, what `getAndSet` and `getAndDelete` replaced, or what `increment` wrote. Undefined: there is none. */
  readonly value?: Uint8Array | undefined;
  /** Of `getAndSet` and `getAndDelete`: the version that was replaced, or 0. */
  readonly previousVersion?: Seq;
  /** Of `append` and `setRange`: the length of the whole value. */
  readonly valueBytes?: number;
  /** Of `touch` and `persist`: whether the key exists. */
  readonly existed?: boolean;
  /** Of a get and of a write: the shard's time from which on the key is due (R17). Undefined: never. */
  readonly expiresAtMs?: number | undefined;
}

/**
 * The most bytes of values that the operations of a transaction write and answer with, all together. Its log entry carries both, if
 * a client may send it again (R16), and nothing splits an entry. The entry has to fit a frame of 16 MiB to another node, behind up
 * to 1 MiB of other messages. Keys and the other fields of 1,024 operations take less than the rest.
 *
 * Each operation counts, also if a later one overwrites its value: a thousand appends to a value of 1 MiB copy 1 GiB in one turn,
 * which takes longer than the grace after which another node takes the shard over.
 */
export const maxTransactionBytes = 13 * 1024 * 1024;

/** From this many keys on a set finds those that are named again. */
const manyKeys = 16;

/** Every key that the transaction names, once each, in the order in which they are named. */
export function keysOf({ compares, operations, otherwise }: Transaction): string[] {
  // Nearly all have one operation.
  if (operations.length === 1 && compares.length === 0 && otherwise.length === 0) return [operations[0]!.key];
  const keys: string[] = [];
  const count = compares.length + operations.length + otherwise.length;
  if (count > manyKeys) return [...new Set([...compares, ...operations, ...otherwise].map(({ key }) => key))];
  for (const { key } of compares) if (!keys.includes(key)) keys.push(key);
  for (const { key } of operations) if (!keys.includes(key)) keys.push(key);
  for (const { key } of otherwise) if (!keys.includes(key)) keys.push(key);
  return keys;
}
