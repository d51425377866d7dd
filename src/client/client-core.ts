/** The parts of a client, put together and taken apart: everything behind the methods of `KvClient`. */
import { KvError } from '../errors.js';
import type { Topology } from '../rpc/kv-api.js';
import type { DataRequest } from '../rpc/pipeline-operations.js';
import type { DataResult } from '../rpc/pipeline-results.js';
import { AddressBook, type AddressSource } from './address-book.js';
import { Connections } from './connections.js';
import { InFlightLimit } from './in-flight-limit.js';
import { type CallOptions, type Limits, limitsOf, remainingMs } from './limits.js';
import type { NodeTransport } from './node-transport.js';
import { closedError, type Operation, OperationRunner } from './operation-runner.js';
import type { ResolvedOptions } from './options.js';
import { RoutingTable } from './routing-table.js';
import { TopologyWatch } from './topology-watch.js';
import { WakeUp } from './wake-up.js';

/**
 * How long a node may take to answer what it was sent as primary, once another is known to be. A node that was cut off
 * without a word would otherwise hold its callers until keepalive finds it, long after the others have gone on.
 */
const deposedAnswerMs = 500;

export class ClientCore {
  readonly #options: ResolvedOptions;
  readonly #table = new RoutingTable();
  readonly #wakeUp = new WakeUp();
  readonly #addressBook: AddressBook;
  readonly #connections: Connections;
  readonly #watch: TopologyWatch;
  readonly #runner: OperationRunner;
  readonly #listeners = new Set<(topology: Topology) => void>();
  #lastPrimary: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(source: AddressSource, options: ResolvedOptions) {
    this.#options = options;
    const wake = () => this.#wakeUp.wakeAll();
    this.#addressBook = new AddressBook(source, wake);
    this.#connections = new Connections(options.connectTimeoutMs, wake);
    const table = this.#table;
    const connections = this.#connections;
    const addressBook = this.#addressBook;
    const inFlight = new InFlightLimit(options);
    const pipelined = options.api === 'pipeline';
    this.#runner = new OperationRunner({ table, connections, addressBook, inFlight, pipelined, wakeUp: this.#wakeUp });
    const onTopology = (topology: Topology) => this.#takeOver(topology);
    this.#watch = new TopologyWatch({ table, connections, addressBook, firstAnswerMs: options.connectTimeoutMs, onTopology });
  }

  get knownTopology(): Topology | undefined {
    return this.#table.topology;
  }

  /** Resolves when a node has told the topology. Closes everything again if none does in time. */
  async open(): Promise<void> {
    const limits = limitsOf({}, this.#options.deadlineMs);
    await this.#addressBook.refresh();
    if (this.#addressBook.lastError !== undefined) {
      await this.close();
      throw this.#addressBook.lastError;
    }
    this.#watch.start();
    while (this.#table.topology === undefined && remainingMs(limits) > 0) await this.#wakeUp.sleep(remainingMs(limits));
    if (this.#table.topology !== undefined) return;
    await this.close();
    const known = this.#addressBook.addresses.join(', ') || this.#options.nobodyMessage;
    throw new KvError('UNREACHABLE', `no node answered within ${this.#options.deadlineMs} ms: ${known}`, {
      cause: this.#addressBook.lastError,
    });
  }

  limitsOf(options: CallOptions): Limits {
    return limitsOf(options, this.#options.deadlineMs);
  }

  run<Response>(operation: Operation<Response>, limits: Limits): Promise<Response> {
    return this.#runner.run(operation, limits);
  }

  execute<Result>(request: DataRequest, limits: Limits, toResult: (result: DataResult) => Result): Promise<Result> {
    return this.#runner.execute(request, limits, toResult);
  }

  /** One attempt at one node, for requests that only this node can answer. */
  async ask<Response>(
    address: string,
    send: (transport: NodeTransport, limits: Limits) => Promise<Response>,
    limits: Limits,
  ): Promise<Response> {
    if (this.#closing !== undefined) throw closedError();
    const connection = this.#connections.to(address);
    const ready = connection.isReady || (await connection.whenTried(limits));
    if (this.#closing !== undefined) throw closedError();
    if (limits.signal?.aborted) throw new KvError('CANCELLED', 'given up before it was sent', { executed: 'no' });
    const { transport } = connection;
    if (!ready || transport === undefined) throw new KvError('UNREACHABLE', `${address} could not be reached`);
    return send(transport, limits);
  }

  /** Listeners hear of every topology that a node reports. @returns a function that removes the listener. */
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
    const watchEnded = this.#watch.close();
    this.#connections.close();
    this.#listeners.clear();
    await watchEnded;
  }

  #takeOver(reported: Topology): void {
    const changed = this.#table.update(reported);
    const topology = this.#table.topology;
    if (topology === undefined) return;
    const primaries = topology.shards.map((shard) => shard.primaryAddress);
    this.#connections.retain(
      new Set([...topology.nodes.map((node) => node.address), ...this.#addressBook.addresses, ...primaries]),
    );
    for (const listener of this.#listeners) listener(topology);
    if (!changed) return;
    this.#maybeAbandonDeposed(this.#table.primaryAddress);
    this.#connections.reconsider();
    this.#wakeUp.wakeAll();
  }

  #maybeAbandonDeposed(primary: string | undefined): void {
    if (primary === undefined || primary === this.#lastPrimary) return;
    if (this.#lastPrimary !== undefined)
      this.#connections.abandonPending(this.#lastPrimary, deposedAnswerMs, 'the node was replaced as primary');
    this.#lastPrimary = primary;
  }
}
