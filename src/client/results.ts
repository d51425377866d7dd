/** Arguments and results of the methods of `KvClient`. */
import type { KvError } from '../errors.js';
import type { CallOptions } from './call-limits.js';

export interface GetResult {
  readonly value: Buffer;
  /** Grows with every write of the key; usable as `ifVersion`. */
  readonly version: number;
  /** The node that answered: the primary. */
  readonly nodeId: string;
  /** How long the key still exists if nothing writes it; 0: it is due. Undefined: it does not expire. */
  readonly expiresInMs?: number | undefined;
}

/** When a key that is written expires. With neither option it does not, whatever applied to it before. */
export interface WriteExpiry {
  /** The key expires this long after the write. Integer from 1 to 3,153,600,000,000, which is 100 years. */
  readonly ttlMs?: number;
  /** The key expires when it would have expired without this write. Not together with `ttlMs`. */
  readonly keepTtl?: boolean;
}

/** When a write is answered. */
export interface WriteDurability {
  /**
   * True: once every in-sync replica has flushed the write to its disk, also where the cluster flushes at intervals
   * (`--durability interval`). The write takes effect before that. Default: as the cluster's durability says.
   */
  readonly sync?: boolean;
}

export interface WriteCondition {
  /** Only if the key is at this version; 0 stands for "does not exist". Integer from 0 to 2^53 - 1. */
  readonly ifVersion?: number;
  /** Only if the key does not exist: the same as `ifVersion: 0`. */
  readonly ifAbsent?: boolean;
  /** Only if the key exists and has this value; otherwise VALUE_MISMATCH. */
  readonly ifValue?: string | Uint8Array;
}

export interface PutOptions extends CallOptions, WriteCondition, WriteExpiry, WriteDurability {}

export interface PutResult {
  /** The version that this write gave the key. */
  readonly version: number;
  readonly nodeId: string;
}

export interface PutEntry extends WriteCondition, WriteExpiry, WriteDurability {
  readonly key: string;
  /** A string is stored as UTF-8. */
  readonly value: string | Uint8Array;
}

/** The outcome of one of many operations. */
export interface FailedOutcome {
  readonly key: string;
  readonly ok: false;
  readonly error: KvError;
}

export type PutOutcome = ({ readonly key: string; readonly ok: true } & PutResult) | FailedOutcome;

/** `found` undefined: the key does not exist. */
export type GetOutcome =
  | {
      readonly key: string;
      readonly ok: true;
      readonly found: GetResult | undefined;
      /** The node that answered: the primary. */
      readonly nodeId: string;
    }
  | FailedOutcome;

export interface DeleteOptions extends CallOptions, WriteDurability {
  /** Only if the key is at this version. Integer from 1 to 2^53 - 1. */
  readonly ifVersion?: number;
  /** Only if the key exists and has this value; otherwise VALUE_MISMATCH. */
  readonly ifValue?: string | Uint8Array;
}

export interface UpdateOptions extends CallOptions, WriteExpiry, WriteDurability {
  /** How often the key is read and written before the call fails with VERSION_MISMATCH. Default: 64. */
  readonly maxAttempts?: number;
}

export interface DeleteResult {
  /** False if there was nothing to delete. */
  readonly existed: boolean;
  /** The version of the deletion itself; 0 if there was nothing to delete. */
  readonly version: number;
  readonly nodeId: string;
}

export interface DumpOptions extends CallOptions {
  /** The node sends no faster what it scans; what is written meanwhile comes besides. Default 0: as the node's --move-rate allows. */
  readonly maxBytesPerSecond?: number;
}

export interface ForcePrimaryOptions extends CallOptions {
  readonly shard: number;
  /** The caller vouches that the old members are stopped for good and accepts the loss of the data that only they held. */
  readonly acceptDataLoss: true;
  /** Ids of histories, or of epochs of them, that are given up: replicas that hold their data discard it. Default: none. */
  readonly givesUp?: readonly string[];
}
