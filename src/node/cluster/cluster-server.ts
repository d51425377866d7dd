/** The public service kv.v1.Cluster: topology and its changes, the node's own status, the operator's way on (R13). */
import type { MethodDefinition, ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';
import { shardOfKey } from '../../placement/index.js';
import type { Answer } from '../../replication/index.js';
import { locateKey } from '../../topology/key-location.js';
import type {
  ForcePrimaryRequest,
  ForcePrimaryResponse,
  GetTopologyRequest,
  KeyLocation,
  ListKeysRequest,
  ListKeysResponse,
  LocateKeyRequest,
  NodeStatus,
  TopologyReport,
} from '../../wire/contract/kv-api.js';
import { clusterServiceWithRawKeys } from '../../wire/contract/proto.js';
import { toStatus } from '../../wire/contract/status.js';
import { type Forwarded, forwardRequest } from '../operations/forward-request.js';
import { type Forwarder, wasForwarded } from '../operations/forwarder.js';
import { checkKey } from '../operations/request-checks.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import type { AnswerSink } from '../shards/shard-host.js';
import { probeKey } from './probe-address.js';
import type { TopologyChanges } from './topology-publisher.js';
import { TopologyRecord, type TopologySource } from './topology-record.js';
import { type TopologyStream, TopologyWatchers } from './topology-watchers.js';

export interface ClusterContext {
  readonly topology: TopologySource;
  /** What may have changed, and `changed` has not been told of yet. */
  untold(): TopologyChanges;
  readonly directory: ShardDirectory;
  readonly forwarder: Forwarder;
  nodeStatus(): NodeStatus;
  /** Somebody tries whether this process answers at some address (probe-address.ts). */
  probed(token: string): void;
  listKeys(request: ListKeysRequest): Promise<ListKeysResponse>;
  /** Makes the local replica of the shard primary with what it holds; the answer comes later. False: it holds none. */
  force(shard: number, givesUp: readonly string[], sink: AnswerSink): boolean;
}

type LocateCall = ServerUnaryCall<LocateKeyRequest<Buffer>, KeyLocation>;

/** Who holds the shard may be asked for so long; then this node tells what it knows itself. */
const askHolderMs = 1_000;

export class ClusterServer {
  readonly #context: ClusterContext;
  readonly #record: TopologyRecord;
  readonly #watchers: TopologyWatchers;

  constructor(context: ClusterContext) {
    this.#context = context;
    this.#record = new TopologyRecord(context.topology);
    this.#watchers = new TopologyWatchers(this.#record);
  }

  get implementation(): UntypedServiceImplementation {
    return {
      GetTopology: (call: ServerUnaryCall<GetTopologyRequest, TopologyReport>, callback: sendUnaryData<TopologyReport>) =>
        callback(null, this.#answerTopology(call.request)),
      WatchTopology: (stream: TopologyStream) => this.#watch(stream),
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

  /** Tells every watcher what is news to it. @returns of how many shards there is news. */
  changed({ shards, cluster }: TopologyChanges): number {
    if (cluster) this.#record.lookAtCluster();
    let changed = 0;
    for (const shard of shards) if (this.#record.lookAtShard(shard)) changed++;
    this.#watchers.tell();
    return changed;
  }

  close(): void {
    this.#watchers.close();
  }

  topology(heldOnly = false): TopologyReport {
    this.#bringUpToDate();
    return this.#record.whole(heldOnly);
  }

  #answerTopology({ heldOnly, withoutShards }: GetTopologyRequest): TopologyReport {
    return withoutShards === true ? this.#context.topology.cluster() : this.topology(heldOnly);
  }

  #watch(stream: TopologyStream): void {
    this.#bringUpToDate();
    this.#watchers.add(stream);
  }

  #bringUpToDate(): void {
    this.#record.bringUpToDate(this.#context.untold().shards);
  }

  /**
   * Ids of the live nodes in the in-sync set of the key's shard, the primary first: by the word of the primary, which takes nobody
   * out without knowing it. Any other node may still count one that is out, and lacks what was written since.
   *
   * @throws KvError where the primary does not answer
   */
  async inSyncNodes(key: Buffer): Promise<string[]> {
    const { directory, topology } = this.#context;
    const shard = shardOfKey(checkKey(key), directory.shardCount);
    if (directory.primaryElsewhere(shard) === undefined) {
      const { primaryNodeId, replicas } = topology.shard(shard);
      const inSync = replicas.filter((replica) => replica.inSync && replica.live).map(({ nodeId }) => nodeId);
      return inSync.sort((one, other) => Number(other === primaryNodeId) - Number(one === primaryNodeId));
    }
    const { response } = await this.#askElsewhere(shard, { key });
    return response.holders.filter(({ role }) => role === 'primary' || role === 'backup').map(({ nodeId }) => nodeId);
  }

  /** Of a shard that is not held here, a node that holds it knows more. */
  async #locate(request: LocateKeyRequest<Buffer>, isForwarded: boolean): Promise<KeyLocation> {
    const { directory } = this.#context;
    const key = checkKey(request.key);
    const shard = shardOfKey(key, directory.shardCount);
    if (directory.local(shard) === undefined && !isForwarded) {
      const told = await this.#askElsewhere(shard, request).catch(() => undefined);
      if (told !== undefined) return told.response;
    }
    const location = locateKey(this.topology(), key);
    if (location === undefined) throw new KvError('NO_PRIMARY', 'this node knows of no shard yet');
    return location;
  }

  #askElsewhere(shard: number, request: LocateKeyRequest<Buffer>): Promise<Forwarded<KeyLocation>> {
    const method = clusterServiceWithRawKeys.LocateKey as MethodDefinition<LocateKeyRequest<Buffer>, KeyLocation>;
    return forwardRequest(this.#context, shard, method, request, askHolderMs);
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
