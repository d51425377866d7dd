/** What an API gives to the executor: an operation as it was decoded, and the caller that is answered. */
import type { KvError } from '../../errors.js';
import type { Method } from '../../metrics/index.js';
import type { RequestIdentity } from '../../replication/index.js';
import type { ChangeMethod } from '../../wire/contract/change-messages.js';
import type { DeleteResponse, GetResponse, Position, PutResponse } from '../../wire/contract/kv-api.js';
import type { WritableResponse } from '../../wire/pipeline/pipeline-results.js';
import type { PendingCalls } from '../capacity/pending-calls.js';
import type { LocalShard } from '../shards/local-shard.js';
import type { ApiTraits } from './api-traits.js';
import type { Patience } from './kept-calls.js';

/**
 * An operation, decoded and not checked. `OperationReader` of the pipeline is one.
 *
 * The caller may use the object for its next operation as soon as `execute` has returned. A caller with `forwarding` may not:
 * the node reads an operation again before it forwards it or tries it again.
 */
export interface DecodedOperation {
  /** The caller chooses the id and gets the answer under it. */
  readonly id: number;
  /** Undefined: the request contains nothing that this version knows. */
  readonly kind: Method | undefined;
  /** Undefined: the bytes are not valid UTF-8. */
  readonly key: string | undefined;
  readonly keyBytes: number;
  /**
   * The memory in which the value of a put lies, or the encoded request of an operation that changes keys by what is there
   * (`changes`); such an operation has no `key`. The executor copies the value.
   */
  readonly buffer: Buffer;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly ifVersion: number | undefined;
  /** A view of memory that may be used again. */
  readonly ifValue: Uint8Array | undefined;
  /** Of a put: the key expires this long after the write. */
  readonly ttlMs: number | undefined;
  /** Of a put: the key keeps the expiry that it has. */
  readonly keepTtl: boolean;
  /**
   * Of a put or a delete: its answer waits until every in-sync replica has flushed it. That of an operation of `changes` is in its
   * encoded request.
   */
  readonly sync: boolean;
  /** With it, the caller may send the write again (R16). That of an operation of `changes` is in its encoded request. */
  readonly request: RequestIdentity | undefined;
  /** The client of an identity that names none; empty: there is none. */
  readonly client: string;
  /** The headers of W3C Trace Context as they came. */
  readonly traceParent: string | undefined;
  readonly traceState?: string | undefined;
}

/** A stream or a single call. Each operation gets exactly one answer, which may come before `execute` returns. */
export interface Caller {
  readonly api: ApiTraits;
  /** The account of waiting calls that limits this caller. Undefined: the caller limits itself by flow control. */
  readonly pending: PendingCalls | undefined;
  /** Whether a get waits for the writes of its key that are under way. */
  readonly readsInOrder: boolean;
  /** Undefined: the node never forwards an operation of this caller. */
  readonly forwarding: Forwarding | undefined;
  /** How long the caller waits for its shard to be served; only with `forwarding`. Undefined: it is refused at once. */
  readonly patience: Patience | undefined;
  /** One more operation waits for its answer and holds this many bytes. */
  waits(bytes: number): void;
  /** An operation waits no longer: it is answered or forwarded next. */
  settled(bytes: number): void;
  /**
   * Answers a get; `value` is undefined if the key does not exist, and `expiresInMs` if it does not expire. Unless `isKept`, the
   * value is a view of memory that may change after this call.
   */
  got(id: number, value: Uint8Array | undefined, version: number, expiresInMs: number | undefined, isKept: boolean): void;
  /** Answers a put. */
  wrote(id: number, version: number): void;
  /** Answers a delete; version 0 means that the key did not exist. */
  deleted(id: number, version: number): void;
  /** Answers an operation of `changes` with its response, which contains `source`. The caller writes it before it returns. */
  changed(id: number, kind: ChangeMethod, response: WritableResponse): void;
  readonly source: AnswerSource;
  /** The operation is executed at this replica from now on. */
  isAt(local: LocalShard): void;
  failed(id: number, error: KvError): void;
}

/** What an answer says of the node that gives it. */
export interface AnswerSource {
  /** Empty: the answer does not name the node. */
  readonly nodeId: string;
  /** A position of the shard that the answer shows. */
  readonly position?: Position | undefined;
}

/** The answer to an operation of `changes` is encoded. */
export type OperationResponse = GetResponse | PutResponse | DeleteResponse | Buffer;

/** The part of a caller that takes the answer of another node. */
export interface Forwarding {
  /** How long the caller still waits. */
  remainingMs(): number;
  /** The listener is called once the caller has gone, or has its answer. There is one at most. */
  whenGone(listener: () => void): void;
  forwarded(response: OperationResponse, primaryAddress: string): void;
}
