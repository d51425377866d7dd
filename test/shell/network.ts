/**
 * The network between simulated processes: it carries the bytes of calls (virtual-client.ts) and streams (virtual-frames.ts) with delay,
 * cuts in one or both directions, and connections that break when a process crashes.
 *
 * Messages of one stream arrive in their order. A cut holds messages back until it is healed; a call that cannot
 * connect waits.
 */
import type { MethodDefinition } from '@grpc/grpc-js';
import type { Random } from '../../simulation/plan/random.js';
import type { GrpcImplementations } from '../../src/node/services/endpoints.js';
import type { ServedFrames } from '../../src/node/services/frame-server.js';
import { type SimulatedProcess, worldTimer } from './virtual-time.js';

type Handler = (call: unknown, callback?: unknown) => void;
type Method = MethodDefinition<object, object>;

/** A process that listens at an address. */
export interface Listener {
  readonly process: SimulatedProcess;
  readonly implementations: () => GrpcImplementations | undefined;
  readonly frames: () => ServedFrames | undefined;
}

const delayMs = { least: 0.1, most: 3 } as const;
/** Time between two attempts to deliver the messages of a direction that is cut. */
const cutRetryMs = 20;

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

  /** Removes a process: its connections break, and no new one can be opened. */
  crashed(process: SimulatedProcess): void {
    for (const [address, listener] of this.#listeners) if (listener.process === process) this.#listeners.delete(address);
    for (const connection of [...this.#connections]) connection.processCrashed(process);
  }

  /** Breaks every connection of the process at both ends. Messages in flight are lost. */
  reset(process: SimulatedProcess): void {
    for (const connection of [...this.#connections]) connection.reset(process);
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

  /** The network delivers messages even if the sending process stalls or crashes. */
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
