/**
 * Sends each request as one gRPC call: the simple transport, not the fast one.
 *
 * A call costs about 180 µs of CPU on the client, nearly all of it in grpc-js.
 */
import type { CallOptions, Client, Metadata, ServiceDefinition, ServiceError } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { traceParentKey } from '../../tracing/trace-parent.js';
import { refuseAtOnce, waitKey } from '../../wire/contract/call-wait.js';
import { type ChangeMethod, changeMethods, changes, versionOfAnswer } from '../../wire/contract/change-messages.js';
import { clusterService, keyValueService } from '../../wire/contract/client-contract.js';
import { clusterMetadata } from '../../wire/contract/cluster-name.js';
import { fromStatus } from '../../wire/contract/grpc-status.js';
import type {
  CheckStopRequest,
  CheckStopResponse,
  DeleteRequest,
  DeleteResponse,
  ForcePrimaryRequest,
  ForcePrimaryResponse,
  GetRequest,
  GetResponse,
  GetTopologyRequest,
  KeyLocation,
  ListKeysRequest,
  ListKeysResponse,
  LocateKeyRequest,
  NodeStatus,
  PutRequest,
  PutResponse,
  SetDrainingRequest,
  SetDrainingResponse,
  TopologyReport,
} from '../../wire/contract/kv-api.js';
import { identityFieldsOf } from '../../wire/contract/request-identity.js';
import type { ReadCopyRequest, ReadCopyResponse, ScanCopyRequest } from '../../wire/copies/copy-messages.js';
import type { DumpShardRequest } from '../../wire/dump/dump-parts.js';
import { encodeIdentity } from '../../wire/pipeline/identity-writer.js';
import type { DataRequest, RequestIdentity } from '../../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../../wire/pipeline/pipeline-results.js';
import { type ScanRequest, scanRequestTable } from '../../wire/scan/scan-messages.js';
import { type Limits, remainingMs } from '../call-limits.js';
import { type ClusterNaming, noCluster } from '../routing/cluster-identity.js';
import type { DumpListener, DumpStream, NodeTransport, Subject, TopologyListener } from './node-transport.js';
import { pendingDump } from './pending-dump.js';

interface Method<Request, Response> {
  readonly path: string;
  requestSerialize(request: Request): Buffer;
  responseDeserialize(bytes: Buffer): Response;
}

function method<Request, Response>(service: ServiceDefinition, name: string): Method<Request, Response> {
  const found = service[name];
  if (found === undefined) throw new Error(`no method ${name} in the proto files`);
  return found;
}

const methods = {
  get: method<GetRequest, GetResponse>(keyValueService, 'Get'),
  put: method<PutRequest, PutResponse>(keyValueService, 'Put'),
  delete: method<DeleteRequest, DeleteResponse>(keyValueService, 'Delete'),
  scan: method<Buffer, Buffer>(keyValueService, 'Scan'),
  getTopology: method<GetTopologyRequest, TopologyReport>(clusterService, 'GetTopology'),
  watchTopology: method<GetTopologyRequest, TopologyReport>(clusterService, 'WatchTopology'),
  locateKey: method<LocateKeyRequest, KeyLocation>(clusterService, 'LocateKey'),
  getNodeStatus: method<object, NodeStatus>(clusterService, 'GetNodeStatus'),
  listKeys: method<ListKeysRequest, ListKeysResponse>(clusterService, 'ListKeys'),
  dumpShard: method<DumpShardRequest, Buffer>(clusterService, 'DumpShard'),
  scanCopy: method<ScanCopyRequest, Buffer>(clusterService, 'ScanCopy'),
  readCopy: method<ReadCopyRequest, ReadCopyResponse>(clusterService, 'ReadCopy'),
  forcePrimary: method<ForcePrimaryRequest, ForcePrimaryResponse>(clusterService, 'ForcePrimary'),
  setDraining: method<SetDrainingRequest, SetDrainingResponse>(clusterService, 'SetDraining'),
  checkStop: method<CheckStopRequest, CheckStopResponse>(clusterService, 'CheckStop'),
};

const encoded = Object.fromEntries(
  changeMethods.map((kind) => [kind, method<Buffer, Buffer>(keyValueService, changes[kind].rpc)]),
) as Record<ChangeMethod, Method<Buffer, Buffer>>;

const nothingFound = { found: false, value: Buffer.alloc(0) };

export class UnaryTransport implements NodeTransport {
  readonly #client: Client;
  readonly #cluster: ClusterNaming;
  /** Each pending call with its subject, if another node could answer it. */
  readonly #pending = new Map<(error: KvError) => void, Subject | undefined>();

  constructor(client: Client, cluster: ClusterNaming = noCluster) {
    this.#client = client;
    this.#cluster = cluster;
  }

  get pending(): number {
    return this.#pending.size;
  }

  async execute(request: DataRequest, limits: Limits, identity?: RequestIdentity): Promise<DataResult> {
    if ('message' in request) {
      const { kind, key, traceParent } = request;
      const sent = identity === undefined ? request.message : Buffer.concat([request.message, encodeIdentity(identity)]);
      const message = await this.#call(encoded[kind], sent, limits, key, traceParent);
      return { ...nothingFound, version: versionOfAnswer(kind, message), nodeId: '', message };
    }
    const { kind, traceParent, ...fields } = request;
    const { key } = fields;
    if (kind === 'get') {
      const found = await this.#call(methods.get, { key }, limits, key, traceParent);
      return { ...found, value: withoutExcess(found.value) };
    }
    const written = { ...fields, ...identityFieldsOf(identity) };
    if (kind === 'put')
      return { ...nothingFound, ...(await this.#call(methods.put, written as PutRequest, limits, key, traceParent)) };
    const { existed, version, nodeId } = await this.#call(methods.delete, written as DeleteRequest, limits, key, traceParent);
    return { ...nothingFound, found: existed, version, nodeId };
  }

  getTopology(scope: GetTopologyRequest, limits: Limits): Promise<TopologyReport> {
    return this.#call(methods.getTopology, scope, limits);
  }

  locateKey(key: string, limits: Limits): Promise<KeyLocation> {
    return this.#call(methods.locateKey, { key }, limits, key);
  }

  getNodeStatus(limits: Limits): Promise<NodeStatus> {
    return this.#call(methods.getNodeStatus, {}, limits);
  }

  listKeys(request: ListKeysRequest, limits: Limits, asPrimary: boolean): Promise<ListKeysResponse> {
    return this.#call(methods.listKeys, request, limits, asPrimary ? request.shard : undefined);
  }

  forcePrimary(request: ForcePrimaryRequest, limits: Limits): Promise<ForcePrimaryResponse> {
    return this.#call(methods.forcePrimary, request, limits);
  }

  setDraining(request: SetDrainingRequest, limits: Limits): Promise<SetDrainingResponse> {
    return this.#call(methods.setDraining, request, limits);
  }

  checkStop(request: CheckStopRequest, limits: Limits): Promise<CheckStopResponse> {
    return this.#call(methods.checkStop, request, limits);
  }

  watchTopology(heldOnly: boolean, listener: TopologyListener): () => void {
    const { path, requestSerialize, responseDeserialize } = methods.watchTopology;
    const request = { changesOnly: true, heldOnly };
    const metadata = clusterMetadata(this.#cluster.clusterId);
    const stream = this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata);
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      listener.onEnd();
    };
    // This comes first: a stream error without a listener would end the process. It stays attached after the watch has ended.
    stream.on('error', (error: ServiceError) => {
      this.#errorOf(error);
      end();
    });
    stream.on('end', end);
    stream.on('data', (report: TopologyReport) => {
      if (!over) listener.onReport(report);
    });
    return () => {
      over = true;
      stream.cancel();
    };
  }

  dumpShard(request: DumpShardRequest, listener: DumpListener): DumpStream {
    return this.#stream(methods.dumpShard, request, listener, request.shard);
  }

  scan(request: ScanRequest, listener: DumpListener): DumpStream {
    return this.#stream(methods.scan, scanRequestTable.encode(request), listener, request.shard);
  }

  scanCopy(request: ScanCopyRequest, listener: DumpListener): DumpStream {
    return this.#stream(methods.scanCopy, request, listener, undefined);
  }

  readCopy(request: ReadCopyRequest, limits: Limits): Promise<ReadCopyResponse> {
    return this.#call(methods.readCopy, request, limits);
  }

  #stream<Request>(
    { path, requestSerialize, responseDeserialize }: Method<Request, Buffer>,
    request: Request,
    listener: DumpListener,
    subject: Subject | undefined,
  ): DumpStream {
    const metadata = clusterMetadata(this.#cluster.clusterId);
    return pendingDump(listener, this.#pending, subject, ({ onMessage, onEnd }) => {
      const stream = this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata);
      // It stays attached after the stream has been given up: a stream error without a listener would end the process.
      stream.on('error', (error: ServiceError) => onEnd(this.#errorOf(error)));
      stream.on('end', () => onEnd(undefined));
      stream.on('data', onMessage);
      return stream;
    });
  }

  abandonPending(concerns: (subject: Subject) => boolean, afterMs: number, reason: string): void {
    const pending = [...this.#pending].flatMap(([fail, subject]) => (subject !== undefined && concerns(subject) ? [fail] : []));
    if (pending.length === 0) return;
    const timer = setTimeout(() => this.#fail(pending, reason), afterMs);
    timer.unref();
  }

  close(reason: string): void {
    this.#fail([...this.#pending.keys()], reason);
  }

  #fail(calls: readonly ((error: KvError) => void)[], reason: string): void {
    const error = new KvError('OUTCOME_UNKNOWN', `${reason} before an answer came`);
    for (const fail of calls) if (this.#pending.has(fail)) fail(error);
  }

  #call<Request, Response>(
    to: Method<Request, Response>,
    request: Request,
    limits: Limits,
    subject?: Subject,
    traceParent?: string,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const { signal } = limits;
      const settle = () => {
        this.#pending.delete(fail);
        signal?.removeEventListener('abort', abort);
      };
      const options: CallOptions = { deadline: Date.now() + remainingMs(limits) };
      const call = this.#client.makeUnaryRequest<Request, Response>(
        to.path,
        to.requestSerialize,
        to.responseDeserialize,
        request,
        this.#metadataOf(traceParent),
        options,
        (error, response) => {
          settle();
          if (error !== null) reject(this.#errorOf(error));
          else if (response === undefined) reject(new KvError('OUTCOME_UNKNOWN', 'an answer without a message'));
          else resolve(response);
        },
      );
      const fail = (error: KvError) => {
        settle();
        reject(error);
        call.cancel();
      };
      const abort = () => fail(new KvError('CANCELLED', 'given up before an answer came'));
      this.#pending.set(fail, subject);
      signal?.addEventListener('abort', abort);
    });
  }

  #errorOf(failure: ServiceError): KvError {
    const error = fromStatus(failure);
    if (error.code === 'WRONG_CLUSTER') this.#cluster.wasRefused(error);
    return error;
  }

  #metadataOf(traceParent: string | undefined): Metadata {
    const metadata = clusterMetadata(this.#cluster.clusterId);
    // The client tries again by its own rule, and at the node that it thinks best.
    metadata.set(waitKey, refuseAtOnce);
    if (traceParent !== undefined) metadata.set(traceParentKey, traceParent);
    return metadata;
  }
}

/** Copies a decoded value, which is a view into a network chunk: keeping the view would keep the whole chunk. */
function withoutExcess(value: Buffer): Buffer {
  return value.byteLength * 2 < value.buffer.byteLength ? Buffer.from(value) : value;
}
