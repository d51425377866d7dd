/** Conversion of a KvError to a gRPC status and back. No other file does it, in either direction. */
import { Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js';
import { type ErrorCode, errorTraits, KvError } from '../../errors.js';
import { clusterKey } from './cluster-name.js';
import { positionOfText, textOfPosition } from './position-text.js';

/** Trailer keys, as documented in proto/kv/v1/kv.proto. */
const codeKey = 'kv-code';
const executedKey = 'kv-executed';
const versionKey = 'kv-version';
const primaryKey = 'kv-primary';
const positionKey = 'kv-position';

/** Codes that never leave a process have a status as well, so that the table is complete. */
const statusOf: Record<ErrorCode, status> = {
  INVALID_KEY: status.INVALID_ARGUMENT,
  VALUE_TOO_LARGE: status.INVALID_ARGUMENT,
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  VERSION_MISMATCH: status.FAILED_PRECONDITION,
  VALUE_MISMATCH: status.FAILED_PRECONDITION,
  NOT_A_NUMBER: status.FAILED_PRECONDITION,
  OUT_OF_RANGE: status.FAILED_PRECONDITION,
  REQUEST_TOO_OLD: status.FAILED_PRECONDITION,
  REQUEST_REUSED: status.INVALID_ARGUMENT,
  NOT_FORCED: status.FAILED_PRECONDITION,
  NOT_UPGRADED: status.FAILED_PRECONDITION,
  NO_ORDER: status.FAILED_PRECONDITION,
  NOT_DRAINED: status.FAILED_PRECONDITION,
  WRONG_CLUSTER: status.FAILED_PRECONDITION,
  MEMORY_FULL: status.RESOURCE_EXHAUSTED,
  STORAGE_FULL: status.RESOURCE_EXHAUSTED,
  MESSAGE_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  NO_PRIMARY: status.UNAVAILABLE,
  NOT_PRIMARY: status.UNAVAILABLE,
  TAKEOVER_IN_PROGRESS: status.UNAVAILABLE,
  HANDOVER_IN_PROGRESS: status.UNAVAILABLE,
  LEASE_LAPSED: status.UNAVAILABLE,
  PAUSED: status.UNAVAILABLE,
  TOO_FEW_IN_SYNC: status.UNAVAILABLE,
  SHARD_OFFLINE: status.UNAVAILABLE,
  STOPPING: status.UNAVAILABLE,
  STORAGE_UNAVAILABLE: status.UNAVAILABLE,
  OVERLOADED: status.RESOURCE_EXHAUSTED,
  UNREACHABLE: status.UNAVAILABLE,
  OUTCOME_UNKNOWN: status.UNKNOWN,
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
  CANCELLED: status.CANCELLED,
  INTERNAL: status.INTERNAL,
  CLOSED: status.UNAVAILABLE,
  INVALID_OPTION: status.FAILED_PRECONDITION,
  COORDINATION_UNAVAILABLE: status.UNAVAILABLE,
  CONFIG_MISMATCH: status.FAILED_PRECONDITION,
  UNSUPPORTED_FORMAT: status.FAILED_PRECONDITION,
  ADDRESS_UNAVAILABLE: status.UNAVAILABLE,
  DATA_UNAVAILABLE: status.FAILED_PRECONDITION,
};

/** The status that a server answers with. An error that is not a KvError gets a bland message; its stack belongs in the log. */
export function toStatus(error: unknown): StatusObject {
  const known = error instanceof KvError ? error : new KvError('INTERNAL', 'internal error; the log of the node has the details');
  const metadata = new Metadata();
  metadata.set(codeKey, known.code);
  metadata.set(executedKey, known.executed);
  if (known.currentVersion !== undefined) metadata.set(versionKey, String(known.currentVersion));
  if (known.primaryAddress !== undefined) metadata.set(primaryKey, known.primaryAddress);
  if (known.clusterId !== undefined) metadata.set(clusterKey, known.clusterId);
  if (known.position !== undefined) metadata.set(positionKey, textOfPosition(known.position));
  return { code: statusOf[known.code], details: known.message, metadata };
}

/** The trailer of an answer that another node gave: the address to which the client may send its next request. */
export function primaryTrailer(address: string): Metadata {
  const metadata = new Metadata();
  metadata.set(primaryKey, address);
  return metadata;
}

/** The error that a client makes of a failed call. Without kvnode's code in the trailers a write's outcome is unknown (G4). */
export function fromStatus(error: ServiceError): KvError {
  const code = trailer(error.metadata, codeKey);
  if (code !== undefined && code in errorTraits) {
    const version = trailer(error.metadata, versionKey);
    const primaryAddress = trailer(error.metadata, primaryKey);
    const position = positionOfText(trailer(error.metadata, positionKey));
    // Every error of a node names its cluster. Only with this code is the name a part of the error.
    const clusterId = code === 'WRONG_CLUSTER' ? trailer(error.metadata, clusterKey) : undefined;
    return new KvError(code as ErrorCode, error.details, {
      executed: trailer(error.metadata, executedKey) === 'no' ? 'no' : 'unknown',
      ...(version === undefined ? {} : { currentVersion: Number(version) }),
      ...(primaryAddress === undefined ? {} : { primaryAddress }),
      ...(clusterId === undefined ? {} : { clusterId }),
      ...(position === undefined ? {} : { position }),
    });
  }
  return new KvError(codeWithoutTrailer(error), error.details || error.message, { cause: error, executed: 'unknown' });
}

function codeWithoutTrailer(error: ServiceError): ErrorCode {
  switch (error.code) {
    case status.DEADLINE_EXCEEDED:
      return 'DEADLINE_EXCEEDED';
    case status.RESOURCE_EXHAUSTED:
      // A transport decided this, usually before a handler saw the request. The status does not tell which transport, or when.
      return 'MESSAGE_TOO_LARGE';
    default:
      return 'OUTCOME_UNKNOWN';
  }
}

function trailer(metadata: Metadata | undefined, key: string): string | undefined {
  const value = metadata?.get(key)[0];
  return typeof value === 'string' ? value : undefined;
}
