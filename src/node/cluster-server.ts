/** The public service kv.v1.Cluster: topology and its changes, the node's own status, the operator's way on (R13). */
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import { KvError } from '../errors.js';
import type { Answer } from '../replication/index.js';
import type {
  ForcePrimaryRequest,
  ForcePrimaryResponse,
  KeyLocation,
  LocateKeyRequest,
  NodeStatus,
  Topology,
} from '../rpc/kv-api.js';
import { toStatus } from '../rpc/status.js';
import { locateKey } from './key-location.js';
import { checkKey } from './request-checks.js';
import type { AnswerSink } from './shard-host.js';

export interface ClusterContext {
  topology(): Topology;
  nodeStatus(): NodeStatus;
  /** Makes the local replica of the shard primary with what it holds; the answer comes later. False: it holds none. */
  force(shard: number, sink: AnswerSink): boolean;
}

type Watcher = ServerWritableStream<object, Topology>;

/** A watcher that reads this slowly is given only the latest topology. */
const maxQueuedTopologies = 4;

export class ClusterServer {
  readonly #context: ClusterContext;
  /** With what each was told last. */
  readonly #watchers = new Map<Watcher, string>();

  constructor(context: ClusterContext) {
    this.#context = context;
  }

  get implementation(): UntypedServiceImplementation {
    return {
      GetTopology: (_call: unknown, callback: sendUnaryData<Topology>) => callback(null, this.#context.topology()),
      WatchTopology: (call: Watcher) => this.#watch(call),
      LocateKey: (call: ServerUnaryCall<LocateKeyRequest<Buffer>, KeyLocation>, callback: sendUnaryData<KeyLocation>) =>
        this.#locateKey(call.request, callback),
      GetNodeStatus: (_call: unknown, callback: sendUnaryData<NodeStatus>) => callback(null, this.#context.nodeStatus()),
      ForcePrimary: (
        call: ServerUnaryCall<ForcePrimaryRequest, ForcePrimaryResponse>,
        callback: sendUnaryData<ForcePrimaryResponse>,
      ) => this.#forcePrimary(call.request, callback),
    };
  }

  /** Tells every watcher to whom it is news. */
  changed(): void {
    if (this.#watchers.size === 0) return;
    const topology = this.#context.topology();
    const encoded = JSON.stringify(topology);
    for (const [watcher, told] of this.#watchers) {
      if (told === encoded) continue;
      if (watcher.writableLength < maxQueuedTopologies) this.#tell(watcher, topology, encoded);
      else if (watcher.listenerCount('drain') === 0) watcher.once('drain', () => this.changed());
    }
  }

  #tell(watcher: Watcher, topology: Topology, encoded = JSON.stringify(topology)): void {
    this.#watchers.set(watcher, encoded);
    watcher.write(topology);
  }

  /** Ends every watch, so that the server can shut down. */
  close(): void {
    for (const watcher of this.#watchers.keys()) watcher.end();
    this.#watchers.clear();
  }

  #watch(call: Watcher): void {
    call.on('cancelled', () => this.#watchers.delete(call));
    call.on('error', () => this.#watchers.delete(call));
    this.#tell(call, this.#context.topology());
  }

  #locateKey({ key }: LocateKeyRequest<Buffer>, callback: sendUnaryData<KeyLocation>): void {
    try {
      const location = locateKey(this.#context.topology(), checkKey(key));
      if (location === undefined) throw new KvError('NO_PRIMARY', 'this node knows of no shard yet');
      callback(null, location);
    } catch (error) {
      callback(toStatus(error));
    }
  }

  #forcePrimary(request: ForcePrimaryRequest, callback: sendUnaryData<ForcePrimaryResponse>): void {
    const refuse = (message: string): void => callback(toStatus(new KvError('INVALID_ARGUMENT', message)));
    if (!request.acceptDataLoss) return refuse('accept_data_loss must be set: acknowledged writes may be lost');
    const answer = (given: Answer): void => {
      if (given.kind === 'forced') return callback(null, { epoch: given.epoch, seqFloor: given.seqFloor });
      const reason = given.kind === 'notForced' ? given.reason : 'this node is stopping';
      callback(toStatus(new KvError('NOT_FORCED', `the shard was left as it is: ${reason}`)));
    };
    if (!this.#context.force(request.shard, { answer })) refuse(`this node holds no shard ${request.shard}`);
  }
}
