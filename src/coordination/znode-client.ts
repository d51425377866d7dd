/**
 * The part of ZooKeeper that kvnode uses, as one small interface.
 *
 * It has two implementations: the `zookeeper` package (zookeeper-client.ts) and a twin in memory for tests
 * (memory-zookeeper.fixture.ts); one conformance suite is run against both. A client outlives its sessions: after an expiry it
 * opens a new one by itself and reports it. Answers and events never arrive in the turn that caused them.
 *
 * Left out: access control, transactions, and watches as anything more than a hint to read again (R14).
 */
import type { Executed } from '../errors.js';

export type CreateMode = 'persistent' | 'ephemeralSequential';

export interface ZnodeStat {
  /** Grows by one with every set; from 0. */
  readonly version: number;
  /** The session that owns the znode; undefined for a persistent one. */
  readonly ephemeralOwner: string | undefined;
}

export interface Znode {
  readonly data: Buffer;
  readonly stat: ZnodeStat;
}

export interface Children {
  /** Without the path, in no order. */
  readonly names: readonly string[];
  /** Grows with every child that comes or goes, as long as the parent lives. */
  readonly version: number;
}

/** `missing`: there is no parent. `path` has the sequence number. */
export type CreateResult = { readonly kind: 'created'; readonly path: string } | { readonly kind: 'exists' | 'missing' };
export type SetResult = { readonly kind: 'set'; readonly version: number } | { readonly kind: 'conflict' | 'missing' };
export type DeleteResult = { readonly kind: 'deleted' | 'conflict' | 'missing' | 'notEmpty' };

/** Given to `delete` where the version does not matter. */
export const anyVersion = -1;

export interface ReadOptions {
  /**
   * Asks for one hint (`onChanged`) at the next change on this connection: no watch outlives it. Only `stat` can watch a
   * znode that does not exist.
   */
  readonly watch: boolean;
}

export type ZnodeClientStatus = 'connected' | 'suspended' | 'closed';

export interface ZnodeListener {
  /** There are no watches any more. `fresh`: in a new session, which owns no znode. Not told of the first connection. */
  onConnected(sessionId: string, fresh: boolean): void;
  /** The connection was lost. The session may still live (R14). */
  onSuspended(): void;
  /** The session is over and its ephemeral znodes with it; `onConnected` with `fresh` follows. */
  onExpired(): void;
  /** Something at this path may have changed: its data, its existence, its children. */
  onChanged(path: string): void;
}

/** Every method rejects with a ZnodeError when no answer came. */
export interface ZnodeClient {
  readonly status: ZnodeClientStatus;
  /** The present session, or the last one; undefined between an expiry and the next session. */
  readonly sessionId: string | undefined;
  /**
   * Reads sent from now on show everything that was committed by this time, on the clock of `performance.now`. It is the time
   * at which this connection requested its new session, or sent its newest write that was executed and answered. Negative
   * infinity: there was neither, and the server may lag. `sync` proves nothing, since a deposed leader answers it.
   */
  readonly provenMs: number;
  /** Takes the place of an earlier listener. */
  listen(listener: ZnodeListener): void;
  create(path: string, data: Buffer, mode: CreateMode): Promise<CreateResult>;
  get(path: string, options: ReadOptions): Promise<Znode | undefined>;
  stat(path: string, options: ReadOptions): Promise<ZnodeStat | undefined>;
  children(path: string, options: ReadOptions): Promise<Children | undefined>;
  set(path: string, data: Buffer, version: number): Promise<SetResult>;
  delete(path: string, version: number): Promise<DeleteResult>;
  /** Reads after it see every write that was acknowledged to anyone before it was called. */
  sync(path: string): Promise<void>;
  /** Ends the session. Idempotent, bounded in time, never rejects. What is pending is rejected as unknown. */
  close(): Promise<void>;
}

/** ZooKeeper's own codes, as far as kvnode tells them apart. */
export const returnCodes = {
  ok: 0,
  connectionLoss: -4,
  operationTimeout: -7,
  badArguments: -8,
  invalidState: -9,
  noNode: -101,
  noAuthorization: -102,
  badVersion: -103,
  noChildrenForEphemerals: -108,
  nodeExists: -110,
  notEmpty: -111,
  sessionExpired: -112,
  closing: -116,
} as const;

/** A call that got no usable answer. `executed` says whether it may have happened all the same (G4). */
export class ZnodeError extends Error {
  readonly returnCode: number;
  readonly executed: Executed;

  constructor(operation: string, returnCode: number, executed: Executed) {
    super(`ZooKeeper: ${operation} failed with code ${returnCode}; executed: ${executed}`);
    this.name = 'ZnodeError';
    this.returnCode = returnCode;
    this.executed = executed;
  }
}
