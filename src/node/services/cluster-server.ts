/** The public service kv.v1.Cluster: the topology and its changes, this node's status and keys, the operator's decision (R13). */
import type {
  MethodDefinition,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { shardOfKey } from '../../placement/index.js';
import type { Answer } from '../../replication/index.js';
import { locateKey } from '../../topology/key-location.js';
import { toStatus } from '../../wire/contract/grpc-status.js';
import type {
  CheckStopRequest,
  CheckStopResponse,
  ForcePrimaryRequest,
  ForcePrimaryResponse,
  GetTopologyRequest,
  KeyLocation,
  ListKeysRequest,
  ListKeysResponse,
  LocateKeyRequest,
  NodeStatus,
  SetDrainingRequest,
  SetDrainingResponse,
  TopologyReport,
} from '../../wire/contract/kv-api.js';
import { clusterServiceWithRawKeys } from '../../wire/contract/server-contract.js';
import type { ReadCopyRequest, ReadCopyResponse, ScanCopyRequest } from '../../wire/copies/copy-messages.js';
import type { DumpShardRequest } from '../../wire/dump/dump-parts.js';
import type { Draining } from '../cluster/draining.js';
import { probeKey } from '../cluster/probe-address.js';
import type { TopologyPublisher, TopologyWatcher } from '../cluster/topology-publisher.js';
import type { CopyServer } from '../copies/copy-server.js';
import type { DumpServer } from '../dumps/dump-server.js';
import { type Forwarded, forwardRequest } from '../operations/forward-request.js';
import { type Forwarder, wasForwarded } from '../operations/forwarder.js';
import { checkKeyBytes } from '../operations/request-checks.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import type { AnswerSink } from '../shards/shard-host.js';

export interface ClusterContext {
  readonly topology: TopologyPublisher;
  readonly directory: ShardDirectory;
  readonly forwarder: Forwarder;
  nodeStatus(): NodeStatus;
  /** A node probes whether this process answers at an address (probe-address.ts). */
  probed(token: string): void;
  readonly dumps: Pick<DumpServer, 'serveOverGrpc'>;
  readonly copies: Pick<CopyServer, 'scanOverGrpc' | 'read'>;
  readonly draining: Pick<Draining, 'set' | 'checkStop'>;
  listKeys(request: ListKeysRequest): Promise<ListKeysResponse>;
  /** Makes the local replica of the shard primary with the data it holds; the answer comes later. False: this node holds no replica. */
  force(shard: number, givesUp: readonly string[], sink: AnswerSink): boolean;
}

type TopologyStream = ServerWritableStream<GetTopologyRequest, TopologyReport>;
type DumpCall = ServerWritableStream<DumpShardRequest, Buffer>;
type LocateCall = ServerUnaryCall<LocateKeyRequest<Buffer>, KeyLocation>;

/** A node that holds the shard has this long to answer; then this node answers with what it knows itself. */
const holderAnswerMs = 1_000;

/** A watcher over gRPC with this many unread messages is behind. */
const maxQueuedReports = 4;

export class ClusterServer {
  readonly #context: ClusterContext;

  constructor(context: ClusterContext) {
    this.#context = context;
  }

  get implementation(): UntypedServiceImplementation {
    return {
      GetTopology: (call: ServerUnaryCall<GetTopologyRequest, TopologyReport>, callback: sendUnaryData<TopologyReport>) =>
        callback(null, this.topologyFor(call.request)),
      WatchTopology: (stream: TopologyStream) => this.#watch(stream),
      DumpShard: (call: DumpCall) => this.#context.dumps.serveOverGrpc(call),
      ScanCopy: (call: ServerWritableStream<ScanCopyRequest, Buffer>) => this.#context.copies.scanOverGrpc(call),
      ReadCopy: (call: ServerUnaryCall<ReadCopyRequest, ReadCopyResponse>, callback: sendUnaryData<ReadCopyResponse>) => {
        this.#context.copies.read(call.request).then(
          (found) => callback(null, found),
          (error: unknown) => callback(toStatus(error)),
        );
      },
      LocateKey: (call: LocateCall, callback: sendUnaryData<KeyLocation>) => {
        this.#locate(call.request, wasForwarded(call.metadata)).then(
          (location) => callback(null, location),
          (error: unknown) => callback(toStatus(error)),
        );
      },
      ListKeys: (call: ServerUnaryCall<ListKeysRequest, ListKeysResponse>, callback: sendUnaryData<ListKeysResponse>) => {
        this.#context.listKeys(call.request).then(
          (page) => callback(null, page),
          (error: unknown) => callback(toStatus(error)),
        );
      },
      SetDraining: (
        call: ServerUnaryCall<SetDrainingRequest, SetDrainingResponse>,
        callback: sendUnaryData<SetDrainingResponse>,
      ) => {
        this.#context.draining.set(call.request).then(
          (answer) => callback(null, answer),
          (error: unknown) => callback(toStatus(error)),
        );
      },
      CheckStop: (call: ServerUnaryCall<CheckStopRequest, CheckStopResponse>, callback: sendUnaryData<CheckStopResponse>) => {
        this.#context.draining.checkStop(call.request).then(
          (answer) => callback(null, answer),
          (error: unknown) => callback(toStatus(error)),
        );
      },
      GetNodeStatus: ({ metadata }: ServerUnaryCall<object, NodeStatus>, callback: sendUnaryData<NodeStatus>) => {
        for (const token of metadata.get(probeKey)) this.#context.probed(String(token));
        callback(null, this.#context.nodeStatus());
      },
      ForcePrimary: (
        call: ServerUnaryCall<ForcePrimaryRequest, ForcePrimaryResponse>,
        callback: sendUnaryData<ForcePrimaryResponse>,
      ) => this.#forcePrimary(call.request, callback),
    };
  }

  /** The answer to GetTopology. */
  topologyFor({ heldOnly, withoutShards }: GetTopologyRequest): TopologyReport {
    const { topology } = this.#context;
    return withoutShards === true ? topology.clusterReport() : topology.report(heldOnly);
  }

  #watch(stream: TopologyStream): void {
    const { topology } = this.#context;
    const watcher: TopologyWatcher = {
      request: stream.request,
      get isBehind() {
        return stream.writableLength >= maxQueuedReports;
      },
      send: (report) => stream.write(report),
      end: () => stream.end(),
    };
    stream.on('cancelled', () => topology.forget(watcher));
    stream.on('error', () => topology.forget(watcher));
    stream.on('drain', () => topology.caughtUp(watcher));
    topology.watch(watcher);
  }

  /**
   * Ids of the live nodes in the in-sync set of the key's shard, the primary first. The primary answers, since it removes no member
   * without knowing it. Any other node may still count a member that was removed, and that lacks the writes since.
   *
   * @throws KvError where the primary does not answer
   */
  async inSyncNodes(key: Buffer): Promise<string[]> {
    const { directory, topology } = this.#context;
    const shard = shardOfKey(checkKeyBytes(key), directory.shardCount);
    if (directory.primaryElsewhere(shard) === undefined) {
      const { primaryNodeId, replicas } = topology.shardReport(shard);
      const inSync = replicas.filter((replica) => replica.inSync && replica.live).map(({ nodeId }) => nodeId);
      return inSync.sort((one, other) => Number(other === primaryNodeId) - Number(one === primaryNodeId));
    }
    const { response } = await this.#requestElsewhere(shard, { key });
    return response.holders.filter(({ role }) => role === 'primary' || role === 'backup').map(({ nodeId }) => nodeId);
  }

  /** A node that holds the shard knows more of it than one that does not. */
  async #locate(request: LocateKeyRequest<Buffer>, isForwarded: boolean): Promise<KeyLocation> {
    const { directory } = this.#context;
    const key = checkKeyBytes(request.key);
    const shard = shardOfKey(key, directory.shardCount);
    if (directory.local(shard) === undefined && !isForwarded) {
      const answer = await this.#requestElsewhere(shard, request).catch(() => undefined);
      if (answer !== undefined) return answer.response;
    }
    const location = locateKey(this.#context.topology.report(), key);
    if (location === undefined) throw new KvError('NO_PRIMARY', 'this node knows of no shard yet');
    return location;
  }

  #requestElsewhere(shard: number, request: LocateKeyRequest<Buffer>): Promise<Forwarded<KeyLocation>> {
    const method = clusterServiceWithRawKeys.LocateKey as MethodDefinition<LocateKeyRequest<Buffer>, KeyLocation>;
    return forwardRequest(this.#context, shard, method, request, holderAnswerMs);
  }

  #forcePrimary(request: ForcePrimaryRequest, callback: sendUnaryData<ForcePrimaryResponse>): void {
    const refuse = (message: string): void => callback(toStatus(new KvError('INVALID_ARGUMENT', message)));
    if (!request.acceptDataLoss) return refuse('accept_data_loss must be set: acknowledged writes may be lost');
    const answer = (given: Answer): void => {
      if (given.kind === 'forced') return callback(null, { epoch: given.epoch, seqFloor: given.seqFloor });
      const reason = given.kind === 'notForced' ? given.reason : 'this node is stopping';
      callback(toStatus(new KvError('NOT_FORCED', `the shard was left as it is: ${reason}`)));
    };
    if (!this.#context.force(request.shard, request.givesUp, { answer })) refuse(`this node holds no shard ${request.shard}`);
  }
}
