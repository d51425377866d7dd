/**
 * One kvnode as a real process, for the demo and the tests. It starts on a free port, its log is read as events, and
 * signals kill, freeze and stop it. It does not outlive the process that started it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parseAddress } from '../src/config/index.js';
import type { FormatRange } from '../src/formats.js';
import { endWithThisProcess } from './lifeline.js';
import { LogRecords } from './log-records.js';
import { programPath, toolEnvironment } from './programs.js';

export interface NodeProcessOptions {
  readonly zk: string;
  readonly root: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Further options of kvnode, such as `--min-in-sync 2`, one word each. */
  readonly extra?: readonly string[];
  /** Options of Node.js itself, such as `--import FILE`, one word each. */
  readonly nodeOptions?: readonly string[];
  /** The formats that the node supports. Default: those of its version. */
  readonly formats?: FormatRange;
  /** The words before `node`: a program that replaces itself by the node, with its arguments. */
  readonly launcher?: readonly string[];
  /** The limit for the time until the node listens. */
  readonly startTimeoutMs?: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const defaultStartTimeoutMs = 30_000;

export class NodeProcess {
  readonly options: NodeProcessOptions;
  readonly log = new LogRecords();
  /** Resolves when the process has ended and its output has been read. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #address: string | undefined;
  #httpAddress: string | undefined;
  #exit: Exit | undefined;

  /** Starts a node and waits until it listens. @throws Error with the log if it ends before, or takes too long */
  static async start(options: NodeProcessOptions): Promise<NodeProcess> {
    const node = NodeProcess.spawn(options);
    try {
      await node.listening();
      return node;
    } catch (error) {
      await node.kill();
      throw error;
    }
  }

  /** Starts a node without waiting, for a node that is not expected to listen. */
  static spawn(options: NodeProcessOptions): NodeProcess {
    return new NodeProcess(options);
  }

  private constructor(options: NodeProcessOptions) {
    this.options = options;
    const { zk, root, port = 0, extra = [], nodeOptions = [], formats, launcher = [] } = options;
    const kvnode = formats === undefined ? [programPath('kvnode')] : [programPath('node-with-formats'), ...rangeOf(formats)];
    const words = ['--zk', zk, '--root', root, '--port', String(port), '--log-format', 'json', ...extra];
    const [program, ...argv] = [...launcher, process.execPath, ...nodeOptions, ...kvnode, ...words];
    this.#child = spawn(program!, argv, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: toolEnvironment(),
      // A process group of its own: Ctrl-C at the terminal reaches only this process, which then stops the nodes in
      // order.
      detached: true,
    });
    endWithThisProcess(this.#child);
    this.#readLines(this.#child.stdout);
    this.#readLines(this.#child.stderr);
    this.exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#exit = { code, signal };
        this.log.end(new Error(`the node ended (${describeExit(this.#exit)}):\n${this.log.tail()}`));
        resolve(this.#exit);
      });
    });
  }

  /** Waits for the log line `listening`. @returns the address in it */
  async listening(): Promise<string> {
    const timeoutMs = this.options.startTimeoutMs ?? defaultStartTimeoutMs;
    const { address, http } = await this.log.waitFor('listening', { timeoutMs });
    if (typeof address !== 'string') throw new Error('the listening line of the node names no address');
    this.#address = address;
    if (typeof http === 'string') this.#httpAddress = http;
    return address;
  }

  /** host:port. The node must have listened before. */
  get address(): string {
    if (this.#address === undefined) throw new Error('the node does not listen yet');
    return this.#address;
  }

  /** host:port of its HTTP server. The node must have listened before, with `--http-port`. */
  get httpAddress(): string {
    if (this.#httpAddress === undefined) throw new Error('the node has no HTTP server');
    return this.#httpAddress;
  }

  /** The default id of a node is its address. */
  get id(): string {
    const extra = this.options.extra ?? [];
    const at = extra.indexOf('--id');
    return (at === -1 ? undefined : extra[at + 1]) ?? this.address;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  /** Sends SIGKILL, which also ends a frozen node. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** Sends SIGSTOP: connections stay open, and nothing is answered. */
  freeze(): void {
    this.signal('SIGSTOP');
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  /** Sends SIGTERM, the planned stop, and SIGKILL if it takes longer than `patienceMs`. */
  async stop(patienceMs = 30_000): Promise<Exit> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), patienceMs);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  /** Starts a new process with the same options on the same port. */
  restart(changes: Partial<NodeProcessOptions> = {}): Promise<NodeProcess> {
    const port = parseAddress(this.address, 'the address of the node').port;
    return NodeProcess.start({ ...this.options, port, ...changes });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  #readLines(stream: Readable | null): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => this.log.addLine(line));
  }
}

function rangeOf({ oldest, newest }: FormatRange): string[] {
  return [String(oldest), String(newest)];
}

function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code}` : signal;
}
