/** Builds the parts behind the methods of `KvClient`, and closes them. */
import { KvError } from '../errors.js';
import { TopologyMerge } from '../topology/merge-topology.js';
import { findTracing } from '../tracing/find-tracing.js';
import type { Tracing } from '../tracing/index.js';
import type { Topology, TopologyReport } from '../wire/contract/kv-api.js';
import type { DataRequest } from '../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../wire/pipeline/pipeline-results.js';
import { type CallOptions, type Limits, limitsOf, remainingMs } from './call-limits.js';
import { NodeQueries, type SendToNode } from './node-queries.js';
import type { ResolvedClientOptions } from './options.js';
import { ClientRequests } from './requests/client-requests.js';
import type { ClientOperation } from './retry/client-operation.js';
import { Backlog, InFlightLimit } from './retry/in-flight-limit.js';
import { OperationRunner } from './retry/operation-runner.js';
import { RetryLimiter } from './retry/retry-limiter.js';
import { WakeUp } from './retry/wake-up.js';
import { AddressBook, type AddressSource } from './routing/address-book.js';
import { ClusterIdentity } from './routing/cluster-identity.js';
import { type ClusterChange, ClusterMembership } from './routing/cluster-membership.js';
import { RoutingTable, type TopologyUpdate } from './routing/routing-table.js';
import { Strangers } from './routing/strangers.js';
import { TopologyWatches } from './routing/topology-watches.js';
import { Connections } from './transport/connections.js';
import type { Subject } from './transport/node-transport.js';

/**
 * How long a node may take to answer requests that it received as primary, once another primary is known. Without this limit the
 * callers of a node that is cut off would wait until keepalive notices, long after the cluster has failed over.
 */
const deposedAnswerMs = 500;

/**
 * The retries of one shard are limited to `maxInFlight` divided by the number of shards, or by this number if that is smaller. So
 * when this many shards lose service at once, their retries together may take up all that may be in flight.
 */
const troubledShards = 16;

export class ClientCore {
  readonly #options: ResolvedClientOptions;
  readonly #identity: ClusterIdentity;
  /** Merges the reports of the nodes of the client's cluster. */
  #merge = new TopologyMerge();
  readonly #table = new RoutingTable();
  readonly #requests = new ClientRequests();
  readonly #wakeUp = new WakeUp();
  readonly #addressBook: AddressBook;
  readonly #connections: Connections;
  readonly #strangers: Strangers;
  readonly #membership: ClusterMembership;
  readonly #watches: TopologyWatches;
  readonly #runner: OperationRunner;
  readonly #queries: NodeQueries;
  readonly #listeners = new Set<(topology: Topology) => void>();
  /** Undefined if the process has no SDK: then an operation pays nothing for tracing. */
  #tracing: Tracing | undefined;
  #closing: Promise<void> | undefined;

  constructor(source: AddressSource, options: ResolvedClientOptions) {
    this.#options = options;
    const wake = () => this.#wakeUp.wakeAll();
    this.#addressBook = new AddressBook(source, wake);
    this.#identity = new ClusterIdentity(options.clusterId);
    const table = this.#table;
    this.#connections = new Connections(options.connectTimeoutMs, wake, this.#identity, options.transport, (address) =>
      table.mayServeFrames(address),
    );
    const connections = this.#connections;
    const addressBook = this.#addressBook;
    const { followRebuilds } = options;
    this.#strangers = new Strangers({ identity: this.#identity, connections, followRebuilds });
    const strangers = this.#strangers;
    this.#membership = new ClusterMembership({
      identity: this.#identity,
      strangers,
      connections,
      addressBook,
      table,
      followRebuilds,
      ask: (address, deadlineMs) => this.#askCluster(address, deadlineMs),
      onChanged: (change) => this.#moved(change),
    });
    const backlog = new Backlog();
    const { maxInFlight, maxQueued } = options;
    const inFlight = new InFlightLimit(options, backlog);
    const maxTrying = () => Math.ceil(maxInFlight / Math.max(1, Math.min(table.shardCount, troubledShards)));
    const retryLimiter = new RetryLimiter({ maxTrying, maxQueued, backlog });
    const pipelined = options.api === 'pipeline';
    this.#runner = new OperationRunner({
      table,
      connections,
      addressBook,
      strangers,
      inFlight,
      retryLimiter,
      pipelined,
      wakeUp: this.#wakeUp,
      requests: this.#requests,
    });
    this.#queries = new NodeQueries({
      table,
      connections,
      strangers,
      wakeUp: this.#wakeUp,
      runner: this.#runner,
      isClosed: () => this.#closing !== undefined,
    });
    this.#watches = new TopologyWatches({
      table,
      connections,
      addressBook,
      firstAnswerMs: options.connectTimeoutMs,
      onReport: (from, report) => {
        if (!this.#isOfOwnCluster(from, report)) return false;
        this.#takeOver(this.#merge.receive(from, report));
        return true;
      },
      onLost: (from) => this.#takeOver(this.#merge.lose(from)),
      onNobody: () => this.#membership.followIfRebuilt(),
    });
  }

  get knownTopology(): Topology | undefined {
    return this.#table.topology;
  }

  /**
   * Resolves when a node has reported the topology, and no address belongs to another cluster. Closes everything again if no node
   * reports in time, or the addresses belong to two clusters.
   */
  async open(): Promise<void> {
    const limits = limitsOf({}, this.#options.deadlineMs);
    this.#tracing = await findTracing();
    await this.#addressBook.refresh();
    if (this.#addressBook.lastError !== undefined) {
      await this.close();
      throw this.#addressBook.lastError;
    }
    this.#watches.start();
    const mayBeMet = () => remainingMs(limits) > 0 && !this.#strangers.areAll(this.#addressBook.addresses);
    while (this.#table.topology === undefined && mayBeMet()) await this.#wakeUp.sleep(remainingMs(limits));
    try {
      if (this.#table.topology === undefined) throw this.#unreachableError();
      if (this.#options.clusterId === undefined) await this.#membership.refuseMixture();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  #unreachableError(): KvError {
    const wrong = this.#strangers.errorAt(this.#addressBook.addresses);
    if (wrong !== undefined) return wrong;
    const known = this.#addressBook.addresses.join(', ') || this.#options.noNodesMessage;
    return new KvError('UNREACHABLE', `no node answered within ${this.#options.deadlineMs} ms: ${known}`, {
      cause: this.#addressBook.lastError,
    });
  }

  limitsOf(options: CallOptions): Limits {
    return limitsOf(options, this.#options.deadlineMs);
  }

  /** By the topology known so far; 0 while none is known. */
  shardOf(key: string): number {
    return this.#table.shardOf(key);
  }

  run<Response>(operation: ClientOperation<Response>, limits: Limits): Promise<Response> {
    return this.#runner.run(operation, limits);
  }

  execute<Result>(request: DataRequest, limits: Limits, toResult: (result: DataResult) => Result): Promise<Result> {
    if (this.#tracing === undefined) return this.#runner.execute(request, limits, toResult);
    return this.#traced(this.#tracing, request, limits, toResult);
  }

  /** One span from the call to its end, with all its attempts. */
  async #traced<Result>(
    tracing: Tracing,
    request: DataRequest,
    limits: Limits,
    toResult: (result: DataResult) => Result,
  ): Promise<Result> {
    const span = tracing.startOfClient(request.kind);
    try {
      const result = await this.#runner.execute({ ...request, traceParent: span.headers.parent }, limits, toResult);
      span.succeeded();
      return result;
    } catch (error) {
      span.failed(error instanceof KvError ? error.code : 'INTERNAL');
      throw error;
    }
  }

  /** Sends a request that any node can answer. */
  runAnywhere<Response>(send: SendToNode<Response>, limits: Limits): Promise<Response> {
    return this.#queries.runAnywhere(send, limits);
  }

  /** Sends a request that only this node can answer. */
  ask<Response>(address: string, send: SendToNode<Response>, limits: Limits, access?: 'read' | 'write'): Promise<Response> {
    return this.#queries.ask(address, send, limits, access);
  }

  /** Listeners receive the merged topology after every change that a node reports. @returns a function that removes the listener. */
  onTopology(listener: (topology: Topology) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#runner.close();
    const watchesEnded = this.#watches.close();
    this.#connections.close();
    this.#listeners.clear();
    await watchesEnded;
  }

  async #askCluster(address: string, deadlineMs: number): Promise<void> {
    const limits = limitsOf({}, deadlineMs);
    const report = await this.ask(address, (to, within) => to.getTopology({ withoutShards: true }, within), limits);
    this.#isOfOwnCluster(address, report);
  }

  /** If the node belongs to another cluster, the client sends nothing more to it. */
  #isOfOwnCluster(from: string, { clusterId }: TopologyReport): boolean {
    if (this.#identity.meet(clusterId)) return true;
    this.#connections.to(from).answeredFrom(clusterId);
    return false;
  }

  /** The topology of the former cluster stays until a node of the new one reports. */
  #moved(change: ClusterChange): void {
    this.#merge = new TopologyMerge();
    // An error of the listener is not a fault of the client.
    queueMicrotask(() => this.#options.onClusterChanged(change));
    this.#connections.reconsider();
    this.#wakeUp.wakeAll();
  }

  /** @param touched the shards that the report may have changed. */
  #takeOver(touched: ReadonlySet<number>): void {
    const { topology } = this.#merge;
    if (topology === undefined || this.#closing !== undefined) return;
    for (const shard of touched) this.#requests.sawPosition(shard, topology.shards[shard]?.position);
    const changes = this.#table.update(topology, touched);
    const primaries = topology.shards.map((shard) => shard.primaryAddress);
    this.#connections.retain(
      new Set([...topology.nodes.map((node) => node.address), ...this.#addressBook.addresses, ...primaries]),
    );
    for (const listener of this.#listeners) listener(topology);
    if (!changes.nodes && changes.shards.size === 0) return;
    this.#abandonDeposed(changes);
    this.#connections.reconsider();
    if (changes.nodes) this.#wakeUp.wakeAll();
    else this.#wakeUp.wakeShards(changes.shards);
    this.#watches.reconsider();
  }

  #abandonDeposed({ deposed, gone }: TopologyUpdate): void {
    for (const address of gone)
      this.#connections.abandonPending(address, () => true, deposedAnswerMs, 'the node left the cluster');
    for (const [address, shards] of deposed) {
      const concerns = (subject: Subject) => shards.has(typeof subject === 'number' ? subject : this.#table.shardOf(subject));
      this.#connections.abandonPending(address, concerns, deposedAnswerMs, 'the node was replaced as primary');
    }
  }
}
