/**
 * All error codes of kvnode, and the error class that carries them.
 *
 * Each code settles whether the operation was executed (guarantee G4). `no`: it definitely was not. `unknown`: it may
 * have been. A test compares the table in docs/errors.md with this file. `wire/contract/grpc-status.ts` converts codes to
 * gRPC status and back.
 */

/** Whether a failed operation was executed: definitely not, or perhaps. */
export type Executed = 'no' | 'unknown';

interface ErrorTraits {
  readonly executed: Executed;
  /** True for a temporary error: the same call may succeed a moment later. */
  readonly retryable: boolean;
}

const refusedForNow = { executed: 'no', retryable: true } as const;
const refused = { executed: 'no', retryable: false } as const;
const unknown = { executed: 'unknown', retryable: false } as const;

/** The error codes, and what each means for the operation and for a retry. */
export const errorTraits = {
  /** Key empty, longer than 1,024 bytes, or not valid UTF-8. */
  INVALID_KEY: refused,
  VALUE_TOO_LARGE: refused,
  /** The operator's command was not executed: it is not needed, or not possible at present. */
  NOT_FORCED: refused,
  /** `kvctl upgrade --finish` was not executed: there is nothing to finish, or some node does not support the newer format. */
  NOT_UPGRADED: refused,
  /** The node was not drained: too few other nodes for all copies. Or the drain was taken back while `kvctl drain --wait` waited. */
  NOT_DRAINED: refused,
  /**
   * Too late to recognise the request: the shard may have forgotten it. The error says `unknown` unless the request was its first
   * attempt.
   */
  REQUEST_TOO_OLD: refused,
  /** The client has used the number of the request for another request. */
  REQUEST_REUSED: refused,
  /** Any other argument that is never valid, such as `if_version` 0 on a delete. */
  INVALID_ARGUMENT: refused,
  /** A condition did not hold; the error has the key's current version. */
  VERSION_MISMATCH: refused,
  /** The key does not have the value that the request expects; the error has the key's current version. */
  VALUE_MISMATCH: refused,
  /** The value that an increment would add to is not a number. */
  NOT_A_NUMBER: refused,
  /** The sum of an increment is outside its bounds, or those of all numbers. */
  OUT_OF_RANGE: refused,
  /**
   * The data would outgrow the memory of a node that holds it. Deletes, and writes that grow nothing, are still
   * accepted.
   */
  MEMORY_FULL: refused,
  /** The disk of a node that holds the data is full. Reads and deletes go on, and writes are accepted again once there is room. */
  STORAGE_FULL: refused,
  /**
   * The request names another cluster than the node's, which the error names. The client avoids the address from then
   * on.
   */
  WRONG_CLUSTER: refused,
  /** The node keeps no order of keys (`--no-order`), so it cannot scan them. */
  NO_ORDER: refused,
  /** The encoded request is larger than the transport accepts. */
  MESSAGE_TOO_LARGE: refused,

  /** This node knows of no primary to forward to, or its cluster is not the one that ZooKeeper holds. */
  NO_PRIMARY: refusedForNow,
  /** A forwarded request met a node that is not primary either. */
  NOT_PRIMARY: refusedForNow,
  /** A new primary is not yet sure that all entries it inherited are committed. */
  TAKEOVER_IN_PROGRESS: refusedForNow,
  /** The primary is handing the shard over to another node. */
  HANDOVER_IN_PROGRESS: refusedForNow,
  /** A backup has not answered for a lease, so the primary may have been replaced without knowing it. */
  LEASE_LAPSED: refusedForNow,
  /** The primary reaches neither all its backups nor ZooKeeper. */
  PAUSED: refusedForNow,
  /** Fewer replicas are in sync than `minInSync`. */
  TOO_FEW_IN_SYNC: refusedForNow,
  /** No member of the in-sync set is live; its data is out of reach. */
  SHARD_OFFLINE: refusedForNow,
  /** The node is stopping and accepts no more requests. */
  STOPPING: refusedForNow,
  /** The database of the primary has not answered, or is too far behind. */
  STORAGE_UNAVAILABLE: refusedForNow,
  /** Too many requests are waiting already. */
  OVERLOADED: refusedForNow,
  /** The client reached no node, so nothing was sent. */
  UNREACHABLE: refusedForNow,

  /** The write was sent or appended, and its outcome is not known. */
  OUTCOME_UNKNOWN: unknown,
  /** The deadline passed before an answer arrived. */
  DEADLINE_EXCEEDED: unknown,
  /** The caller cancelled before an answer arrived. */
  CANCELLED: unknown,
  /** A fault of kvnode itself; the node's log has the details. */
  INTERNAL: unknown,

  /** The client was closed. */
  CLOSED: refused,
  /** An option is impossible or contradicts another. */
  INVALID_OPTION: refused,
  /** ZooKeeper cannot be reached or refuses. */
  COORDINATION_UNAVAILABLE: refused,
  /** The values of the node that starts differ from those of the cluster in ZooKeeper, or another node has its id. */
  CONFIG_MISMATCH: refused,
  /** The node that starts does not support the format of its cluster: its version of kvnode is too old or too new. */
  UNSUPPORTED_FORMAT: refused,
  /** The node cannot listen on its own address. */
  ADDRESS_UNAVAILABLE: refused,
  /** The node cannot use its data directory, or not with this node or cluster. */
  DATA_UNAVAILABLE: refused,
} as const satisfies Record<string, ErrorTraits>;

export type ErrorCode = keyof typeof errorTraits;

/** A place in the log of a shard: the version of a write in this history. */
export interface ShardPosition {
  readonly history: string;
  readonly seq: number;
}

export interface KvErrorDetails {
  readonly cause?: unknown;
  /** With VERSION_MISMATCH and VALUE_MISMATCH: the key's version; 0 if the key does not exist. */
  readonly currentVersion?: number;
  /** Last known address of the primary, as host:port. */
  readonly primaryAddress?: string;
  /** With WRONG_CLUSTER: the id of the refusing node's cluster. */
  readonly clusterId?: string;
  /** With REQUEST_TOO_OLD: the shard's position now, which the next request may name. */
  readonly position?: ShardPosition;
  /** Overrides the code's own value, for example if an attempt was never sent. */
  readonly executed?: Executed;
}

/** The error class of kvnode. `code` is the kind of failure, `executed` whether the operation was executed. */
export class KvError extends Error {
  readonly code: ErrorCode;
  readonly executed: Executed;
  readonly retryable: boolean;
  readonly currentVersion: number | undefined;
  readonly primaryAddress: string | undefined;
  readonly clusterId: string | undefined;
  readonly position: ShardPosition | undefined;

  constructor(code: ErrorCode, message: string, details: KvErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'KvError';
    this.code = code;
    this.executed = details.executed ?? errorTraits[code].executed;
    this.retryable = errorTraits[code].retryable;
    this.currentVersion = details.currentVersion;
    this.primaryAddress = details.primaryAddress;
    this.clusterId = details.clusterId;
    this.position = details.position;
  }

  /** The same failure with more details. @param message replaces its own */
  with(details: KvErrorDetails, message = this.message): KvError {
    const { executed, currentVersion, primaryAddress, clusterId, position } = this;
    const known = { cause: this.cause, currentVersion, primaryAddress, clusterId, position };
    const present = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
    return new KvError(this.code, message, { executed, ...present, ...details });
  }
}
