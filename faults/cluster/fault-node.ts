/**
 * One kvnode at a place of the network, across all its processes: after a kill and a start it has the same address.
 *
 * A process that ends by itself is started again, as a supervisor of services would do. A node that finds no ZooKeeper
 * at its start ends by design. Every other end is a crash, and a finding.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { programPath } from '../../local/programs.js';
import { joinAddress } from '../../src/config/index.js';
import type { Place } from '../network/network.js';
import { Child } from './child.js';
import type { NodeDatabase } from './node-database.js';

export interface FaultNodeOptions {
  readonly place: Place;
  readonly port: number;
  /** The connect string by which this node reaches ZooKeeper. */
  readonly zk: string;
  readonly root: string;
  readonly extra: readonly string[];
  /** Where its applied state is. Undefined: in memory. */
  readonly database?: NodeDatabase | undefined;
  readonly logFile: string;
}

/** Longer than --stop-deadline-ms, after which a node ends by itself. */
const stopPatienceMs = 30_000;
const restartPauseMs = 500;
const withoutZookeeper = 'COORDINATION_UNAVAILABLE';

export class FaultNode {
  readonly place: Place;
  /** host:port, and the node's id. */
  readonly address: string;
  readonly #options: FaultNodeOptions;
  /**
   * Processes that ended by themselves, except for those that found no ZooKeeper, and processes that did not stop in
   * time.
   */
  readonly crashes: string[] = [];
  #child: Child | undefined;
  #more: readonly string[] = [];

  constructor(options: FaultNodeOptions) {
    this.#options = options;
    this.place = options.place;
    this.address = joinAddress(options.place.address, options.port);
  }

  get name(): string {
    return this.place.name;
  }

  get database(): NodeDatabase | undefined {
    return this.#options.database;
  }

  get running(): boolean {
    return this.#child?.running === true;
  }

  /**
   * Starts a new process without waiting until it serves. It is empty unless its options have a data directory. `more`: options of this process and of its restarts.
   */
  start(more: readonly string[] = []): void {
    if (this.running) return;
    this.#more = more;
    const { place, port, zk, root, extra, database, logFile } = this.#options;
    const state = database === undefined ? [] : ['--state', 'postgres', '--postgres', database.url];
    const where = ['--host', place.address, '--port', String(port), '--zk', zk, '--root', root];
    const words = [programPath('kvnode'), ...where, '--log-format', 'json', ...extra, ...state, ...more];
    const child = new Child({ place, command: process.execPath, words, logFile });
    this.#child = child;
    void child.exited.then((how) => this.#supervise(child, how));
  }

  /** Sends SIGKILL, which also ends a frozen node. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    await child?.kill();
  }

  freeze(): void {
    this.#child?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#child?.signal('SIGCONT');
  }

  /**
   * Sends SIGTERM, the planned stop. @returns how the process ended: `exit code 0`, or a signal if it took too long.
   */
  async stop(): Promise<string> {
    const child = this.#child;
    if (child === undefined) return 'not started';
    this.#child = undefined;
    child.signal('SIGTERM');
    const timer = setTimeout(() => child.signal('SIGKILL'), stopPatienceMs);
    const how = await child.exited;
    clearTimeout(timer);
    if (how === 'SIGKILL') this.crashes.push(`${this.name} did not stop within ${stopPatienceMs / 1_000} s`);
    return how;
  }

  async #supervise(child: Child, how: string): Promise<void> {
    if (this.#child !== child) return;
    if (!child.errorTail.includes(withoutZookeeper)) this.crashes.push(`${this.name} ended with ${how}: ${child.errorTail}`);
    await pause(restartPauseMs);
    if (this.#child === child) this.start(this.#more);
  }
}
