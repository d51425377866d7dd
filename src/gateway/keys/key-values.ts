/** What the routes of keys need from the node. */
import type { ErrorCode, ShardPosition } from '../../errors.js';
import type { Method } from '../../metrics/index.js';
import type { TraceHeaders } from '../../tracing/index.js';
import type { ChangeMethod } from '../../wire/contract/change-messages.js';
import type { CallMemory } from './body.js';
import type { KeyRequest } from './key-request.js';

export interface KeyCall extends CallMemory {
  /** Idempotent. */
  end(): void;
  /** The listener is called when the call ends, or at once if it has ended: its client has its answer or has gone. */
  whenEnded(listener: () => void): void;
}

/** What an operation gets from its request beside its arguments. */
export interface Origin {
  readonly trace: TraceHeaders | undefined;
  /** Whether the client waits while the shard is not served. */
  readonly waits: boolean;
  readonly call: Pick<KeyCall, 'whenEnded'>;
}

/** What every answer says. */
interface Answered {
  readonly version: number;
  readonly nodeId: string;
  /** A position of the shard that the answer shows. */
  readonly position?: ShardPosition | null | undefined;
}

export interface FoundKey extends Answered {
  readonly found: boolean;
  readonly value: Buffer;
  /** Undefined: the key does not expire. */
  readonly expiresInMs?: number | undefined;
}

/** Operations on keys, whichever node holds them. Each throws a KvError. */
export interface KeyValues {
  readonly maxValueBytes: number;
  /** Resolves once the node serves calls, or if it does not for long; undefined: it has started. */
  whenStarted(): Promise<void> | undefined;
  /** Begins a call, which counts as waiting until its `end`. */
  begin(): KeyCall;
  get(request: KeyRequest, from: Origin): Promise<FoundKey>;
  put(request: KeyRequest & { readonly value: Buffer }, from: Origin): Promise<Answered>;
  delete(request: KeyRequest, from: Origin): Promise<Answered & { readonly existed: boolean }>;
  /** An operation that changes keys by what is there: its encoded request, and its encoded response (`changes`). */
  change(kind: ChangeMethod, message: Buffer, from: Origin): Promise<Buffer>;
  /** A request was refused before it became an operation. The node counts and traces it as if it had become one. */
  refused(method: Method, code: ErrorCode, trace?: TraceHeaders): void;
  /** Ids of the nodes in the in-sync set of the key's shard, as the primary reports it; the primary comes first. */
  inSyncNodes(key: Buffer): Promise<readonly string[]>;
}
