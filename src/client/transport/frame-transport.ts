/**
 * Sends queries over frames, each on a connection of its own. Single operations on keys are sent over a gRPC connection, which is opened
 * when the first of them comes: a connection for each would use up the ports of the machine.
 */
import { KvError } from '../../errors.js';
import type { FrameStream, OpeningListener } from '../../transport/index.js';
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
import { type Query, queries } from '../../wire/contract/query-messages.js';
import {
  type ReadCopyRequest,
  type ReadCopyResponse,
  type ScanCopyRequest,
  scanCopyRequestTable,
  scanCopyRpc,
} from '../../wire/copies/copy-messages.js';
import { type DumpShardRequest, dumpRequestTable, dumpShardRpc } from '../../wire/dump/dump-parts.js';
import type { DataRequest, RequestIdentity } from '../../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../../wire/pipeline/pipeline-results.js';
import { type ScanRequest, scanRequestTable, scanRpc } from '../../wire/scan/scan-messages.js';
import { type Limits, remainingMs } from '../call-limits.js';
import type { ClusterNaming } from '../routing/cluster-identity.js';
import type { DumpListener, DumpStream, NodeTransport, Subject, TopologyListener } from './node-transport.js';
import { pendingDump } from './pending-dump.js';

/** What the gRPC connection of a transport has to offer: a part of `NodeConnection`. */
export interface GrpcConnection {
  readonly pending: number;
  readonly transport: NodeTransport | undefined;
  whenTried(limits: Limits): Promise<boolean>;
  abandonPending(concerns: (subject: Subject) => boolean, afterMs: number, reason: string): void;
  close(reason: string): void;
}

export type OpenGrpc = () => GrpcConnection;
type Dial = (rpc: string, listener: OpeningListener) => FrameStream;

const watchTopology = { ...queries.getTopology, rpc: 'kv.v1.Cluster/WatchTopology' };

export class FrameTransport implements NodeTransport {
  readonly #dial: Dial;
  readonly #cluster: ClusterNaming;
  readonly #openGrpc: OpenGrpc;
  #grpc: GrpcConnection | undefined;
  /** Requests that wait for the gRPC connection. */
  #waiting = 0;
  /** Each pending query, with its subject if another node could answer it. */
  readonly #queries = new Map<(error: KvError) => void, Subject | undefined>();
  /** Ends each watch. */
  readonly #watches = new Set<() => void>();
  #closed = false;

  constructor(dial: Dial, cluster: ClusterNaming, openGrpc: OpenGrpc) {
    this.#dial = dial;
    this.#cluster = cluster;
    this.#openGrpc = openGrpc;
  }

  get pending(): number {
    return this.#queries.size + this.#waiting + (this.#grpc?.pending ?? 0);
  }

  execute(request: DataRequest, limits: Limits, identity?: RequestIdentity): Promise<DataResult> {
    return this.#overGrpc(limits, (grpc) => grpc.execute(request, limits, identity));
  }

  getTopology(scope: GetTopologyRequest, limits: Limits): Promise<TopologyReport> {
    return this.#call(queries.getTopology, scope, limits);
  }

  locateKey(key: string, limits: Limits): Promise<KeyLocation> {
    return this.#call(queries.locateKey, { key }, limits, key);
  }

  getNodeStatus(limits: Limits): Promise<NodeStatus> {
    return this.#call(queries.getNodeStatus, {}, limits);
  }

  listKeys(request: ListKeysRequest, limits: Limits, asPrimary: boolean): Promise<ListKeysResponse> {
    return this.#call(queries.listKeys, request, limits, asPrimary ? request.shard : undefined);
  }

  forcePrimary(request: ForcePrimaryRequest, limits: Limits): Promise<ForcePrimaryResponse> {
    return this.#call(queries.forcePrimary, request, limits);
  }

  setDraining(request: SetDrainingRequest, limits: Limits): Promise<SetDrainingResponse> {
    return this.#call(queries.setDraining, request, limits);
  }

  checkStop(request: CheckStopRequest, limits: Limits): Promise<CheckStopResponse> {
    return this.#call(queries.checkStop, request, limits);
  }

  watchTopology(heldOnly: boolean, { onReport, onEnd }: TopologyListener): () => void {
    const ended = (): void => {
      this.#watches.delete(end);
      onEnd();
    };
    const stream = this.#open(watchTopology, { changesOnly: true, heldOnly }, { onResponse: onReport, onEnd: ended });
    const end = (): void => {
      stream.cancel();
      ended();
    };
    this.#watches.add(end);
    return () => {
      this.#watches.delete(end);
      stream.cancel();
    };
  }

  dumpShard(request: DumpShardRequest, listener: DumpListener): DumpStream {
    return this.#stream(dumpShardRpc, dumpRequestTable.encode(request), listener, request.shard);
  }

  scan(request: ScanRequest, listener: DumpListener): DumpStream {
    return this.#stream(scanRpc, scanRequestTable.encode(request), listener, request.shard);
  }

  scanCopy(request: ScanCopyRequest, listener: DumpListener): DumpStream {
    return this.#stream(scanCopyRpc, scanCopyRequestTable.encode(request), listener, undefined);
  }

  readCopy(request: ReadCopyRequest, limits: Limits): Promise<ReadCopyResponse> {
    return this.#call(queries.readCopy, request, limits);
  }

  #stream(rpc: string, request: Buffer, listener: DumpListener, subject: Subject | undefined): DumpStream {
    return pendingDump(listener, this.#queries, subject, ({ onMessage, onEnd }) => {
      const stream = this.#dial(rpc, { onAccepted() {}, onFrame: onMessage, onDrain() {}, onEnd() {}, onClosed: onEnd });
      stream.send(request);
      return stream;
    });
  }

  abandonPending(concerns: (subject: Subject) => boolean, afterMs: number, reason: string): void {
    this.#grpc?.abandonPending(concerns, afterMs, reason);
    const pending = [...this.#queries].flatMap(([fail, subject]) => (subject !== undefined && concerns(subject) ? [fail] : []));
    if (pending.length === 0) return;
    const timer = setTimeout(() => this.#fail(pending, reason), afterMs);
    timer.unref();
  }

  close(reason: string): void {
    this.#closed = true;
    this.#fail([...this.#queries.keys()], reason);
    for (const end of this.#watches) end();
    this.#grpc?.close(reason);
  }

  #fail(queries: readonly ((error: KvError) => void)[], reason: string): void {
    const error = new KvError('OUTCOME_UNKNOWN', `${reason} before an answer came`);
    for (const fail of queries) if (this.#queries.has(fail)) fail(error);
  }

  /** @param subject of the request, if another node could answer it. */
  #call<Request extends object, Response extends object>(
    query: Query<Request, Response>,
    request: Partial<Request>,
    limits: Limits,
    subject?: Subject,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const { signal } = limits;
      const settle = (): void => {
        this.#queries.delete(fail);
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: KvError): void => {
        settle();
        reject(error);
        stream.cancel();
      };
      const abort = (): void => fail(new KvError('CANCELLED', 'given up before an answer came'));
      const timer = setTimeout(
        () => fail(new KvError('DEADLINE_EXCEEDED', 'no answer came before the deadline')),
        Math.max(0, remainingMs(limits)),
      );
      const stream = this.#open(query, request, {
        onResponse: (response) => {
          settle();
          resolve(response);
        },
        onEnd: (error) => fail(error ?? new KvError('OUTCOME_UNKNOWN', 'an answer without a message')),
      });
      this.#queries.set(fail, subject);
      signal?.addEventListener('abort', abort);
    });
  }

  /** @returns the stream. After its `cancel` nothing more is reported. */
  #open<Request extends object, Response extends object>(
    { rpc, request: requests, response: responses }: Query<Request, Response>,
    request: Partial<Request>,
    { onResponse, onEnd }: { onResponse(response: Response): void; onEnd(error: KvError | undefined): void },
  ): Pick<FrameStream, 'cancel'> {
    let isOver = false;
    const end = (error: KvError | undefined): void => {
      if (isOver) return;
      isOver = true;
      onEnd(error);
    };
    const stream = this.#dial(rpc, {
      onAccepted() {},
      onFrame: (frame) => {
        if (isOver) return;
        try {
          onResponse(responses.decode(frame));
        } catch (cause) {
          end(new KvError('OUTCOME_UNKNOWN', 'the node sent what is no answer', { cause }));
          stream.cancel();
        }
      },
      onDrain() {},
      onEnd() {},
      onClosed: end,
    });
    stream.send(requests.encode(request));
    return {
      cancel: () => {
        isOver = true;
        stream.cancel();
      },
    };
  }

  /** Rejects, not executed, if the node cannot be reached over gRPC. */
  async #overGrpc<Response>(limits: Limits, send: (grpc: NodeTransport) => Promise<Response>): Promise<Response> {
    try {
      return await send(await this.#whenConnected(limits));
    } catch (error) {
      if (error instanceof KvError && error.code === 'WRONG_CLUSTER') this.#cluster.wasRefused(error);
      throw error;
    }
  }

  async #whenConnected(limits: Limits): Promise<NodeTransport> {
    this.#grpc ??= this.#openGrpc();
    const grpc = this.#grpc;
    if (grpc.transport !== undefined) return grpc.transport;
    this.#waiting += 1;
    await grpc.whenTried(limits);
    this.#waiting -= 1;
    const executed = 'no';
    if (limits.signal?.aborted) throw new KvError('CANCELLED', 'given up before it was sent', { executed });
    if (remainingMs(limits) <= 0) throw new KvError('DEADLINE_EXCEEDED', 'the deadline passed before it was sent', { executed });
    if (grpc.transport === undefined || this.#closed) throw new KvError('UNREACHABLE', 'no gRPC connection could be opened');
    return grpc.transport;
  }
}
