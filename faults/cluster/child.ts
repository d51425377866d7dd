/**
 * A child process at a place of the network. Its output is read as lines or goes to a file, and signals end it. It
 * does not outlive this process (local/lifeline.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { endWithThisProcess } from '../../local/lifeline.js';
import { toolEnvironment } from '../../local/programs.js';
import type { Place } from '../network/network.js';

export interface ChildOptions {
  readonly place: Place;
  readonly command: string;
  readonly words: readonly string[];
  /** Its stderr is appended to this file, and its stdout as well if `onLine` is missing. */
  readonly logFile: string;
  /** Receives the lines of stdout, which then do not go to `logFile`. */
  readonly onLine?: (line: string) => void;
}

/** The length of the end of stderr that is kept to explain why the process ended. */
const tailCharacters = 4_000;

export class Child {
  /** Resolves when the process has ended and its output has been read. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  #ended = false;
  #tail = '';

  /** `ip netns exec` replaces itself by the command, so signals reach the right process. */
  constructor({ place, command, words, logFile, onLine }: ChildOptions) {
    const [program, ...rest] = [...place.prefix, command, ...words] as [string, ...string[]];
    this.#child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: toolEnvironment(), detached: true });
    endWithThisProcess(this.#child);
    const log = createWriteStream(logFile, { flags: 'a' });
    this.#child.stderr?.pipe(log, { end: false });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#tail = (this.#tail + text).slice(-tailCharacters);
    });
    if (onLine === undefined) this.#child.stdout?.pipe(log, { end: false });
    else createInterface({ input: this.#child.stdout! }).on('line', onLine);
    this.#child.stdin?.on('error', () => {});
    this.exited = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#ended = true;
        log.end();
        resolve(how);
      };
      this.#child.once('error', (error) => end(error.message));
      this.#child.once('close', (code, signal) => end(signal ?? `exit code ${code}`));
    });
  }

  get running(): boolean {
    return !this.#ended;
  }

  /** The last `tailCharacters` of its stderr. */
  get errorTail(): string {
    return this.#tail;
  }

  write(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }
}
