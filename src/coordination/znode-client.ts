/**
 * The part of ZooKeeper that kvnode uses, as one small interface.
 *
 * It has two implementations: the `zookeeper` package (zookeeper-client.ts) and a twin in memory for tests
 * (memory-zookeeper.fixture.ts). One conformance suite runs against both. A client outlives its sessions: after an
 * expiry it opens a new session by itself and reports it. Answers and events never arrive in the turn that caused
 * them.
 *
 * Left out: access control and transactions. A watch is only a hint to read again (R14).
 */
import type { Executed } from '../errors.js';

export type CreateMode = 'persistent' | 'ephemeralSequential';

export interface ZnodeStat {
  /** Starts at 0 and grows by one with every set. */
  readonly version: number;
  /** The session that owns the znode; undefined for a persistent one. */
  readonly ephemeralOwner: string | undefined;
}

export interface Znode {
  readonly data: Buffer;
  readonly stat: ZnodeStat;
}

export interface Children {
  /** The names without the parent's path, in no particular order. */
  readonly names: readonly string[];
  /** Grows with every child that is created or deleted, until the parent itself is deleted. */
  readonly version: number;
}

/** `missing`: the parent does not exist. `path` ends with the sequence number. */
export type CreateResult = { readonly kind: 'created'; readonly path: string } | { readonly kind: 'exists' | 'missing' };
export type SetResult = { readonly kind: 'set'; readonly version: number } | { readonly kind: 'conflict' | 'missing' };
export type DeleteZnodeResult = { readonly kind: 'deleted' | 'conflict' | 'missing' | 'notEmpty' };

/** The version for `delete` if any version may be deleted. */
export const anyVersion = -1;

export interface ReadOptions {
  /**
   * Requests one `onChanged` at the next change. A watch ends with the connection. Only `stat` can watch a znode that
   * does not exist.
   */
  readonly watch: boolean;
}

export type ZnodeClientStatus = 'connected' | 'suspended' | 'closed';

export interface ZnodeListener {
  /**
   * Connected again: every earlier watch is gone. `fresh`: the session is new and owns no znode. The first connection
   * is not reported.
   */
  onConnected(sessionId: string, fresh: boolean): void;
  /** The connection was lost. The session may still live (R14). */
  onSuspended(): void;
  /** The session is over and its ephemeral znodes with it; `onConnected` with `fresh` follows. */
  onExpired(): void;
  /** Something at this path may have changed: its data, its existence, its children. */
  onChanged(path: string): void;
}

/** Every method rejects with a ZnodeError if no answer arrived. */
export interface ZnodeClient {
  readonly status: ZnodeClientStatus;
  /** The present session, or the last one; undefined between an expiry and the next session. */
  readonly sessionId: string | undefined;
  /**
   * Reads sent from now on show everything that was committed by this time, on the clock of `performance.now`. The
   * time is when this connection requested its new session, or sent its newest write that was executed and answered.
   * Negative infinity means that this connection did neither, so the server may lag. `sync` proves nothing, since a
   * deposed leader answers it, too.
   */
  readonly provenMs: number;
  /** Replaces the earlier listener. */
  listen(listener: ZnodeListener): void;
  create(path: string, data: Buffer, mode: CreateMode): Promise<CreateResult>;
  get(path: string, options: ReadOptions): Promise<Znode | undefined>;
  stat(path: string, options: ReadOptions): Promise<ZnodeStat | undefined>;
  children(path: string, options: ReadOptions): Promise<Children | undefined>;
  set(path: string, data: Buffer, version: number): Promise<SetResult>;
  delete(path: string, version: number): Promise<DeleteZnodeResult>;
  /** Later reads see every write that was acknowledged to any client before this call. */
  sync(path: string): Promise<void>;
  /** Ends the session. Idempotent, bounded in time, never rejects. Pending requests are rejected as unknown. */
  close(): Promise<void>;
}

/** The return codes of ZooKeeper that kvnode distinguishes. */
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

/** A call without a usable answer. `executed` is whether ZooKeeper may have executed it (G4). */
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
