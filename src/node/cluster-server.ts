/** The public service kv.v1.Cluster: topology and its changes, the node's own status, the operator's way on (R13). */
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import { KvError } from '../errors.js';
import type { Answer } from '../replication/index.js';
import type { ForcePrimaryRequest, ForcePrimaryResponse, NodeStatus, Topology } from '../rpc/kv-api.js';
import { toStatus } from '../rpc/status.js';
import type { AnswerSink } from './shard-host.js';

export interface ClusterContext {
  topology(): Topology;
  nodeStatus(): NodeStatus;
  /** Makes the local replica primary with what it holds; the answer comes later. */
  force(sink: AnswerSink): void;
}

type Watcher = ServerWritableStream<object, Topology>;

/** A watcher that reads this slowly is given only the latest topology. */
const maxQueuedTopologies = 4;

export class ClusterServer {
  readonly #context: ClusterContext;
  readonly #watchers = new Set<Watcher>();
  #lastSent = '';

  constructor(context: ClusterContext) {
    this.#context = context;
  }

  get implementation(): UntypedServiceImplementation {
    return {
      GetTopology: (_call: unknown, callback: sendUnaryData<Topology>) => callback(null, this.#context.topology()),
      WatchTopology: (call: Watcher) => this.#watch(call),
      GetNodeStatus: (_call: unknown, callback: sendUnaryData<NodeStatus>) => callback(null, this.#context.nodeStatus()),
      ForcePrimary: (
        call: ServerUnaryCall<ForcePrimaryRequest, ForcePrimaryResponse>,
        callback: sendUnaryData<ForcePrimaryResponse>,
      ) => this.#forcePrimary(call.request, callback),
    };
  }

  /** Tells the watchers, if what they were told last is not true any more. */
  changed(): void {
    if (this.#watchers.size === 0) return;
    const topology = this.#context.topology();
    const encoded = JSON.stringify(topology);
    if (encoded === this.#lastSent) return;
    this.#lastSent = encoded;
    for (const watcher of this.#watchers) {
      if (watcher.writableLength < maxQueuedTopologies) watcher.write(topology);
      else if (watcher.listenerCount('drain') === 0)
        watcher.once('drain', () => this.#watchers.has(watcher) && watcher.write(this.#context.topology()));
    }
  }

  /** Ends every watch, so that the server can shut down. */
  close(): void {
    for (const watcher of this.#watchers) watcher.end();
    this.#watchers.clear();
  }

  #watch(call: Watcher): void {
    call.on('cancelled', () => this.#watchers.delete(call));
    call.on('error', () => this.#watchers.delete(call));
    this.#watchers.add(call);
    call.write(this.#context.topology());
  }

  #forcePrimary(request: ForcePrimaryRequest, callback: sendUnaryData<ForcePrimaryResponse>): void {
    const refuse = (message: string): void => callback(toStatus(new KvError('INVALID_ARGUMENT', message)));
    if (request.shard !== 0) return refuse(`there is no shard ${request.shard}`);
    if (!request.acceptDataLoss) return refuse('accept_data_loss must be set: acknowledged writes may be lost');
    this.#context.force((answer: Answer) => {
      if (answer.kind === 'forced') callback(null, { epoch: answer.epoch, seqFloor: answer.seqFloor });
      else {
        const reason = answer.kind === 'notForced' ? answer.reason : 'this node is stopping';
        callback(toStatus(new KvError('NOT_FORCED', `the shard was left as it is: ${reason}`)));
      }
    });
  }
}
