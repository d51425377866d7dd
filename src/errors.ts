/**
 * Every failure a caller can meet, in one place.
 *
 * Each code says whether the operation was executed (guarantee G4): `no` is a promise, `unknown` is an admission. The
 * table in docs/errors.md is checked against this file by a test; `wire/contract/status.ts` maps codes to gRPC and back.
 */

export type Executed = 'no' | 'unknown';

interface ErrorTraits {
  readonly executed: Executed;
  /** The same call may succeed a moment later without anything being mended. */
  readonly retryable: boolean;
}

const refusedForNow = { executed: 'no', retryable: true } as const;
const refused = { executed: 'no', retryable: false } as const;
const unknown = { executed: 'unknown', retryable: false } as const;

export const errorTraits = {
  /** Key empty, longer than 1,024 bytes, or not valid UTF-8. */
  INVALID_KEY: refused,
  VALUE_TOO_LARGE: refused,
  /** The operator's command was not carried out: it is not needed, or not possible at present. */
  NOT_FORCED: refused,
  /** Any other argument that can never be right, such as `if_version` 0 on a delete. */
  INVALID_ARGUMENT: refused,
  /** A condition did not hold; the error tells the key's current version. */
  VERSION_MISMATCH: refused,
  /** The data would outgrow the memory of a node that holds it. Deletes, and writes that make nothing larger, are taken. */
  MEMORY_FULL: refused,
  /** The node belongs to another cluster than the request names; the error tells which. No request goes to its address again. */
  WRONG_CLUSTER: refused,
  /** The request, encoded, is larger than the transport takes. */
  MESSAGE_TOO_LARGE: refused,

  /** This node knows of no primary, and nobody could be asked; or its cluster is not the one that ZooKeeper holds. */
  NO_PRIMARY: refusedForNow,
  /** A forwarded request met a node that is not primary either. */
  NOT_PRIMARY: refusedForNow,
  /** A new primary is still making sure of what it inherited. */
  TAKEOVER_IN_PROGRESS: refusedForNow,
  /** The primary is giving the shard to another node. */
  HANDOVER_IN_PROGRESS: refusedForNow,
  /** The primary may have been replaced and cannot tell: a backup has not answered for a lease. */
  LEASE_LAPSED: refusedForNow,
  /** The primary reaches neither all its backups nor ZooKeeper. */
  PAUSED: refusedForNow,
  /** Fewer replicas in sync than `minInSync`. */
  TOO_FEW_IN_SYNC: refusedForNow,
  /** No member of the in-sync set is live; its data is out of reach. */
  SHARD_OFFLINE: refusedForNow,
  /** The node has stopped taking requests. */
  STOPPING: refusedForNow,
  /** Too much is waiting already. */
  OVERLOADED: refusedForNow,
  /** The client reached no node, so nothing was sent. */
  UNREACHABLE: refusedForNow,

  /** The write was sent or appended, and it is not known what became of it. */
  OUTCOME_UNKNOWN: unknown,
  /** The deadline passed before an answer came. */
  DEADLINE_EXCEEDED: unknown,
  /** The caller gave up before an answer came. */
  CANCELLED: unknown,
  /** A fault of kvnode itself; the node's log has the details. */
  INTERNAL: unknown,

  /** The client was closed. */
  CLOSED: refused,
  /** An option is impossible or contradicts another. */
  INVALID_OPTION: refused,
  /** ZooKeeper cannot be reached or refuses. */
  COORDINATION_UNAVAILABLE: refused,
  /** The cluster in ZooKeeper was set up with other values than those of the node that starts, or another node took its id. */
  CONFIG_MISMATCH: refused,
  /** The address to listen on is not to be had. */
  ADDRESS_UNAVAILABLE: refused,
} as const satisfies Record<string, ErrorTraits>;

export type ErrorCode = keyof typeof errorTraits;

export interface KvErrorDetails {
  readonly cause?: unknown;
  /** With VERSION_MISMATCH: the version the key is at; 0 if it does not exist. */
  readonly currentVersion?: number;
  /** Where the primary was last seen, as host:port. */
  readonly primaryAddress?: string;
  /** With WRONG_CLUSTER: the id of the cluster that the node which refused belongs to. */
  readonly clusterId?: string;
  /** Overrides what the code says, in the one direction that is safe to narrow: an attempt that never left. */
  readonly executed?: Executed;
}

/** The one error class of kvnode. `code` tells what happened, `executed` what it means for the data. */
export class KvError extends Error {
  readonly code: ErrorCode;
  readonly executed: Executed;
  readonly retryable: boolean;
  readonly currentVersion: number | undefined;
  readonly primaryAddress: string | undefined;
  readonly clusterId: string | undefined;

  constructor(code: ErrorCode, message: string, details: KvErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'KvError';
    this.code = code;
    this.executed = details.executed ?? errorTraits[code].executed;
    this.retryable = errorTraits[code].retryable;
    this.currentVersion = details.currentVersion;
    this.primaryAddress = details.primaryAddress;
    this.clusterId = details.clusterId;
  }
}
