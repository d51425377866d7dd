/** The parent's side of a client process. */
import { dirname, join } from 'node:path';
import { programPath } from '../../local/programs.js';
import type { Operation } from '../../verification/index.js';
import { Child } from '../cluster/child.js';
import type { Place } from '../network/network.js';
import { type ClientLine, type ClientTask, stopWord } from './client-wire.js';

/** The time that a client may take to stop beyond the deadline of its last calls. */
const stopSlackMs = 30_000;

export class ClientProcess {
  /** Resolves when the client is connected; rejects if the process ends before. */
  readonly ready: Promise<void>;
  readonly #task: ClientTask;
  readonly #child: Child;
  #done = false;

  constructor(place: Place, task: ClientTask, logFile: string, onOperations: (operations: readonly Operation[]) => void) {
    this.#task = task;
    let connected: () => void = () => {};
    const connecting = new Promise<void>((resolve) => {
      connected = resolve;
    });
    const onLine = (text: string): void => {
      const line = JSON.parse(text) as ClientLine;
      if (line.kind === 'ready') connected();
      else if (line.kind === 'operations') onOperations(line.operations);
      else this.#done = true;
    };
    // Programs run from dist, also when this file runs from source under the test runner.
    const program = join(dirname(programPath('kvbench')), '..', 'faults', 'clients', 'client-main.js');
    this.#child = new Child({ place, command: process.execPath, words: [program, JSON.stringify(task)], logFile, onLine });
    const ended = this.#child.exited.then((how) => {
      if (!this.#done) throw new Error(`client ${task.name} ended by itself (${how}); its log is ${logFile}`);
    });
    this.ready = Promise.race([connecting, ended]);
    this.ready.catch(() => {});
    ended.catch(() => {});
  }

  /** Waits for the calls in flight. @throws Error if the process did not end properly: its history is incomplete. */
  async stop(): Promise<void> {
    this.#child.write(stopWord);
    await this.finished(this.#task.deadlineMs + stopSlackMs);
  }

  /** Waits for the end of a task that ends by itself. @throws Error as `stop`. */
  async finished(patienceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#child.signal('SIGKILL'), patienceMs);
    const how = await this.#child.exited;
    clearTimeout(timer);
    if (!this.#done) throw new Error(`client ${this.#task.name} ended with ${how}: its history is incomplete`);
  }
}
