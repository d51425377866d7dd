/**
 * The network between simulated processes, in place of grpc-js: streams and calls between the real handlers of the shell, as bytes,
 * with delay, cuts in one or both directions, and connections that break when a process crashes.
 *
 * Messages of one stream arrive in their order. A cut holds messages back until it is healed; a call that cannot connect waits.
 */
import { EventEmitter } from 'node:events';
import { connectivityState, type Metadata, type MethodDefinition, type ServiceError, status } from '@grpc/grpc-js';
import type { Random } from '../../simulation/random.js';
import type { GrpcImplementations } from '../../src/node/services/endpoints.js';
import { type SimulatedProcess, worldTimer } from './virtual-time.js';

type Handler = (call: unknown, callback?: unknown) => void;
type Method = MethodDefinition<object, object>;

/** A process that listens at an address. */
export interface Listener {
  readonly process: SimulatedProcess;
  readonly implementations: () => GrpcImplementations | undefined;
}

const delayMs = { least: 0.1, most: 3 } as const;
/** While a direction is cut, its messages are tried again this often. */
const cutRetryMs = 20;

const unreachable = { code: status.UNAVAILABLE, details: 'connect ECONNREFUSED' };
const reset = { code: status.UNAVAILABLE, details: 'the connection was reset' };

export class VirtualNetwork {
  readonly #random: Random;
  readonly #services: Readonly<Record<keyof GrpcImplementations, object>>;
  readonly #listeners = new Map<string, Listener>();
  readonly #connections = new Set<Connection>();
  readonly #cuts = new Set<string>();

  constructor(random: Random, services: Readonly<Record<keyof GrpcImplementations, object>>) {
    this.#random = random;
    this.#services = services;
  }

  listen(address: string, listener: Listener): void {
    this.#listeners.set(address, listener);
  }

  /** Nothing that `from` sends reaches `to` until `heal`. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** The process is gone: its connections break, and no other can be made. */
  crashed(process: SimulatedProcess): void {
    for (const [address, listener] of this.#listeners) if (listener.process === process) this.#listeners.delete(address);
    for (const connection of [...this.#connections]) connection.processCrashed(process);
  }

  /** Every connection of the process breaks, as seen from both ends. Messages on the way are lost. */
  reset(process: SimulatedProcess): void {
    for (const connection of [...this.#connections]) connection.reset(process);
  }

  connect(from: SimulatedProcess, address: string): VirtualClient {
    return new VirtualClient(this, from, address);
  }

  isReachable(from: SimulatedProcess, address: string): boolean {
    const listener = this.#listeners.get(address);
    return listener?.process.isAlive === true && !this.isCut(from.name, listener.process.name);
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  /** Opens a stream or call. Undefined: no process listens there. */
  open(from: SimulatedProcess, address: string): Connection | undefined {
    const listener = this.#listeners.get(address);
    if (listener === undefined) return undefined;
    const connection = new Connection(this, from, listener, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  delay(): number {
    return delayMs.least + this.#random.next() * (delayMs.most - delayMs.least);
  }

  /** The server's definition of the method, and its handler; undefined while the node is starting. */
  find(path: string, listener: Listener): { readonly method: Method; readonly handler: Handler } | undefined {
    const implementations = listener.implementations();
    for (const [name, definition] of Object.entries(this.#services))
      for (const [methodName, method] of Object.entries(definition as Record<string, Method>))
        if (method.path === path) {
          const handlers = implementations?.[name as keyof GrpcImplementations] as Record<string, Handler> | undefined;
          return handlers && { method, handler: handlers[methodName]! };
        }
    throw new Error(`no method ${path}`);
  }
}

/** Messages in one direction, in their order. */
class Direction {
  readonly #network: VirtualNetwork;
  readonly #from: SimulatedProcess;
  readonly #to: SimulatedProcess;
  readonly #queue: (() => void)[] = [];
  #moving = false;
  broken = false;

  constructor(network: VirtualNetwork, from: SimulatedProcess, to: SimulatedProcess) {
    this.#network = network;
    this.#from = from;
    this.#to = to;
  }

  send(deliver: () => void): void {
    if (this.broken) return;
    this.#queue.push(deliver);
    if (!this.#moving) this.#move(this.#network.delay());
  }

  loseAll(): void {
    this.#queue.length = 0;
  }

  /** The network moves messages on, whatever becomes of the process that has sent them. */
  #move(afterMs: number): void {
    this.#moving = true;
    worldTimer(() => {
      this.#moving = false;
      if (this.broken) return;
      if (this.#network.isCut(this.#from.name, this.#to.name)) return this.#move(cutRetryMs);
      const arrived = this.#queue.splice(0);
      for (const deliver of arrived) this.#to.run(() => this.broken || deliver());
      if (this.#queue.length > 0) this.#move(this.#network.delay());
    }, afterMs);
  }
}

export class Connection {
  readonly client: SimulatedProcess;
  readonly listener: Listener;
  readonly toServer: Direction;
  readonly toClient: Direction;
  readonly #closed: () => void;
  onBroken: (side: 'client' | 'server') => void = () => {};

  constructor(network: VirtualNetwork, client: SimulatedProcess, listener: Listener, closed: () => void) {
    this.client = client;
    this.listener = listener;
    this.toServer = new Direction(network, client, listener.process);
    this.toClient = new Direction(network, listener.process, client);
    this.#closed = closed;
  }

  close(): void {
    this.#closed();
  }

  reset(process: SimulatedProcess): void {
    if (process !== this.client && process !== this.listener.process) return;
    this.close();
    for (const direction of [this.toClient, this.toServer]) direction.loseAll();
    this.toClient.send(() => this.onBroken('client'));
    this.toServer.send(() => this.onBroken('server'));
  }

  processCrashed(process: SimulatedProcess): void {
    if (process !== this.client && process !== this.listener.process) return;
    this.#closed();
    const survivor = process === this.client ? 'server' : 'client';
    const direction = survivor === 'client' ? this.toClient : this.toServer;
    (survivor === 'client' ? this.toServer : this.toClient).broken = true;
    direction.send(() => this.onBroken(survivor));
  }
}

/** A call as the server's handlers see it, of every kind. */
class ServerCall extends EventEmitter {
  readonly metadata: Metadata;
  readonly request: unknown;
  readonly #connection: Connection;
  readonly #client: EventEmitter;
  readonly #method: Method;
  readonly #deadline: number | Date;
  cancelled = false;
  #over = false;

  constructor(
    connection: Connection,
    client: EventEmitter,
    method: Method,
    metadata: Metadata,
    request: unknown,
    deadline: number,
  ) {
    super();
    this.metadata = metadata;
    this.request = request;
    this.#connection = connection;
    this.#client = client;
    this.#method = method;
    this.#deadline = deadline;
    // What a handler emits as `error` is the status of the call.
    this.on('error', (error: ServiceError) => this.#finish(() => client.emit('error', error)));
  }

  getDeadline(): number | Date {
    return this.#deadline;
  }
  getPeer(): string {
    return this.#connection.client.name;
  }
  sendMetadata(metadata: Metadata): void {
    if (!this.#over) this.#connection.toClient.send(() => this.#client.emit('metadata', metadata));
  }
  write(message: object): boolean {
    if (this.#over) return true;
    const bytes = this.#method.responseSerialize(message);
    this.#connection.toClient.send(() => this.#client.emit('data', bytes));
    return true;
  }
  end(): void {
    this.#finish(() => {
      this.#client.emit('end');
      this.#client.emit('status', { code: status.OK });
    });
  }
  destroy(): void {
    this.#finish(() => this.#client.emit('error', reset));
  }
  pause(): void {}
  resume(): void {}

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.cancelled = true;
    this.emit('cancelled');
  }

  #finish(atClient: () => void): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection.toClient.send(() => {
      this.#connection.close();
      atClient();
    });
  }
}

/** A call as the client sees it, of every kind. */
class ClientCall extends EventEmitter {
  readonly writableLength = 0;
  #connection: Connection | undefined;
  #server: ServerCall | undefined;
  #over = false;

  constructor(
    network: VirtualNetwork,
    from: SimulatedProcess,
    address: string,
    path: string,
    open: (connection: Connection) => ServerCall | undefined,
  ) {
    super();
    this.on('error', () => this.#end());
    this.on('end', () => this.#end());
    const connection = network.open(from, address);
    this.#connection = connection;
    if (connection === undefined) {
      worldTimer(() => from.run(() => this.#over || this.emit('error', { ...unreachable, path })), network.delay());
      return;
    }
    connection.onBroken = (side) => {
      if (side === 'server') this.#server?.cancel();
      else if (!this.#over) this.emit('error', reset);
    };
    connection.toServer.send(() => {
      this.#server = open(connection);
    });
  }

  write(bytes: Buffer): boolean {
    if (!this.#over) this.#connection?.toServer.send(() => this.#server?.emit('data', bytes));
    return true;
  }
  end(): void {
    if (!this.#over) this.#connection?.toServer.send(() => this.#server?.emit('end'));
  }
  cancel(): void {
    if (this.#over) return;
    this.#end();
    this.#connection?.toServer.send(() => this.#server?.cancel());
  }
  pause(): void {}
  resume(): void {}

  #end(): void {
    this.#over = true;
  }
}

const starting = { code: status.UNAVAILABLE, details: 'this node is starting' };

/** In place of a grpc-js client to one address. */
export class VirtualClient {
  readonly #network: VirtualNetwork;
  readonly #from: SimulatedProcess;
  readonly #address: string;
  readonly #calls = new Set<ClientCall>();

  constructor(network: VirtualNetwork, from: SimulatedProcess, address: string) {
    this.#network = network;
    this.#from = from;
    this.#address = address;
  }

  makeBidiStreamRequest(path: string, _serialize: unknown, _deserialize: unknown, metadata: Metadata): ClientCall {
    return this.#call(path, metadata, undefined, Number.POSITIVE_INFINITY);
  }

  makeServerStreamRequest(
    path: string,
    serialize: (request: object) => Buffer,
    _deserialize: unknown,
    request: object,
    metadata: Metadata,
  ): ClientCall {
    return this.#call(path, metadata, serialize(request), Number.POSITIVE_INFINITY);
  }

  makeUnaryRequest(
    path: string,
    serialize: (request: object) => Buffer,
    deserialize: (bytes: Buffer) => object,
    request: object,
    metadata: Metadata,
    { deadline }: { readonly deadline: number },
    callback: (error: ServiceError | null, response?: object) => void,
  ): void {
    const call = this.#call(path, metadata, serialize(request), deadline);
    let isAnswered = false;
    const answer = (error: ServiceError | null, response?: object): void => {
      if (isAnswered) return;
      isAnswered = true;
      clearTimeout(late);
      this.#calls.delete(call);
      callback(error, response);
    };
    const late = setTimeout(() => {
      call.cancel();
      answer({ code: status.DEADLINE_EXCEEDED, details: 'the deadline passed' } as ServiceError);
    }, deadline - Date.now());
    call.on('error', (error: ServiceError) => answer(error));
    call.on('data', (bytes: Buffer) => answer(null, deserialize(bytes)));
  }

  getChannel() {
    const state = (): connectivityState =>
      this.#network.isReachable(this.#from, this.#address) ? connectivityState.READY : connectivityState.TRANSIENT_FAILURE;
    return {
      getConnectivityState: state,
      watchConnectivityState: (_seen: unknown, _deadline: unknown, changed: (error?: Error) => void) =>
        setImmediate(() => changed()),
    };
  }

  close(): void {
    for (const call of this.#calls) call.cancel();
    this.#calls.clear();
  }

  #call(path: string, metadata: Metadata, request: Buffer | undefined, deadline: number): ClientCall {
    const call: ClientCall = new ClientCall(this.#network, this.#from, this.#address, path, (connection) => {
      const found = this.#network.find(path, connection.listener);
      if (found === undefined) {
        connection.toClient.send(() => call.emit('error', starting));
        return undefined;
      }
      const { method, handler } = found;
      const message = request && method.requestDeserialize(request);
      const server = new ServerCall(connection, call, method, metadata, message, deadline);
      const isUnary = !method.requestStream && !method.responseStream;
      if (!isUnary) handler(server);
      else
        handler(server, (error: ServiceError | null, response?: object) => {
          if (error !== null) server.emit('error', error);
          else {
            server.write(response!);
            server.end();
          }
        });
      return server;
    });
    this.#calls.add(call);
    return call;
  }
}
