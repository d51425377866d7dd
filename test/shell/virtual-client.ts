/**
 * Replaces grpc-js at both ends of the virtual network: clients of one address, and the calls that a node's handlers
 * receive.
 */
import { EventEmitter } from 'node:events';
import { connectivityState, type Metadata, type MethodDefinition, type ServiceError, status } from '@grpc/grpc-js';
import type { Connection, VirtualNetwork } from './network.js';
import { type SimulatedProcess, worldTimer } from './virtual-time.js';

type Method = MethodDefinition<object, object>;

const unreachable = { code: status.UNAVAILABLE, details: 'connect ECONNREFUSED' };
const reset = { code: status.UNAVAILABLE, details: 'the connection was reset' };

/** The server side of a call of any kind. */
class ServerCall extends EventEmitter {
  readonly metadata: Metadata;
  readonly request: unknown;
  readonly #connection: Connection;
  readonly #client: EventEmitter;
  readonly #method: Method;
  readonly #deadline: number | Date;
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
    this.#finish(() => this.#client.emit('end'));
  }
  destroy(): void {
    this.#finish(() => this.#client.emit('error', reset));
  }
  pause(): void {}
  resume(): void {}

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
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

/** The client side of a call of any kind. */
class ClientCall extends EventEmitter {
  readonly writableLength = 0;
  #connection: Connection | undefined;
  #server: ServerCall | undefined;
  #over = false;

  constructor(
    network: VirtualNetwork,
    from: SimulatedProcess,
    address: string,
    open: (connection: Connection) => ServerCall | undefined,
  ) {
    super();
    this.on('error', () => this.#end());
    this.on('end', () => this.#end());
    const connection = network.open(from, address);
    this.#connection = connection;
    if (connection === undefined) {
      worldTimer(() => from.run(() => this.#over || this.emit('error', unreachable)), network.delay());
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

/** Replaces a grpc-js client of one address. */
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
  ): { cancel(): void } {
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
    const cancel = (): void => {
      call.cancel();
      answer({ code: status.CANCELLED, details: 'given up' } as ServiceError);
    };
    return { cancel };
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
    const call: ClientCall = new ClientCall(this.#network, this.#from, this.#address, (connection) => {
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
