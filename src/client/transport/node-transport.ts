/**
 * The interface for sending requests to one node; its implementations are the pipeline and unary calls.
 *
 * A transport belongs to a connection that was ready when it was returned. It makes one attempt and retries nothing.
 * Every method rejects with a KvError whose `executed` is `unknown` unless the node itself answered otherwise, with
 * DEADLINE_EXCEEDED at the deadline, and with CANCELLED when the signal aborts.
 */
import type { KvError } from '../../errors.js';
import type {
  CheckStopRequest,
  CheckStopResponse,
  ForcePrimaryRequest,
  ForcePrimaryResponse,
  GetTopologyRequest,
  KeyLocation,
  ListKeysRequest,
  ListKeysResponse,
  NodeStatus,
  SetDrainingRequest,
  SetDrainingResponse,
  TopologyReport,
} from '../../wire/contract/kv-api.js';
import type { ReadCopyRequest, ReadCopyResponse, ScanCopyRequest } from '../../wire/copies/copy-messages.js';
import type { DumpShardRequest } from '../../wire/dump/dump-parts.js';
import type { DataRequest, RequestIdentity } from '../../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../../wire/pipeline/pipeline-results.js';
import type { ScanRequest } from '../../wire/scan/scan-messages.js';
import type { Limits } from '../call-limits.js';

export interface TopologyListener {
  /** The first report has everything, later ones only what has changed. */
  onReport(report: TopologyReport): void;
  /** Called exactly once, unless the owner has stopped the watch. */
  onEnd(): void;
}

/** Gets the messages of an answer that is a stream: a dump, or a scan. */
export interface DumpListener {
  onMessage(message: Buffer): void;
  /** Called once, unless the owner has given the stream up. @param error undefined if the node has ended it */
  onEnd(error: KvError | undefined): void;
}

/** A dump or a scan that is being received. */
export interface DumpStream {
  /** What was received already may still be delivered; then flow control stops the node. */
  pause(): void;
  resume(): void;
  /** Gives it up. */
  cancel(): void;
}

/** The subject of a request: a key, or the number of a shard. */
export type Subject = string | number;

export interface NodeTransport {
  /** @param identity of a write, by which its shard recognises another attempt */
  execute(request: DataRequest, limits: Limits, identity?: RequestIdentity): Promise<DataResult>;
  /** @param scope the shards that the node reports; by default all. */
  getTopology(scope: GetTopologyRequest, limits: Limits): Promise<TopologyReport>;
  locateKey(key: string, limits: Limits): Promise<KeyLocation>;
  getNodeStatus(limits: Limits): Promise<NodeStatus>;
  /** @param asPrimary true if only the primary can answer: once it is replaced, its successor can answer instead. */
  listKeys(request: ListKeysRequest, limits: Limits, asPrimary: boolean): Promise<ListKeysResponse>;
  forcePrimary(request: ForcePrimaryRequest, limits: Limits): Promise<ForcePrimaryResponse>;
  setDraining(request: SetDrainingRequest, limits: Limits): Promise<SetDrainingResponse>;
  checkStop(request: CheckStopRequest, limits: Limits): Promise<CheckStopResponse>;
  /** @returns a function that stops the watch. */
  watchTopology(heldOnly: boolean, listener: TopologyListener): () => void;
  /** Only the primary can answer. No deadline applies. */
  dumpShard(request: DumpShardRequest, listener: DumpListener): DumpStream;
  /** Only the primary can answer. No deadline applies. */
  scan(request: ScanRequest, listener: DumpListener): DumpStream;
  /** No deadline applies. */
  scanCopy(request: ScanCopyRequest, listener: DumpListener): DumpStream;
  readCopy(request: ReadCopyRequest, limits: Limits): Promise<ReadCopyResponse>;
  /** The number of requests that have neither been answered nor failed. */
  readonly pending: number;
  /**
   * Rejects the requests that are pending now and still are after `afterMs`, as `close` does, if `concerns` returns true for their
   * subject. The transport stays in use.
   */
  abandonPending(concerns: (subject: Subject) => boolean, afterMs: number, reason: string): void;
  /** Rejects the pending requests: they may or may not have been executed. */
  close(reason: string): void;
}
