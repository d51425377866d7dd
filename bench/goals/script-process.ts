/**
 * Runs a script of this folder as a process of its own, so that the measured code shares no event loop with the
 * measuring code. The script reports by lines of JSON, and ends with this process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { endWithThisProcess } from '../../local/lifeline.js';
import { toolEnvironment } from '../../local/programs.js';

export class ScriptProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #errors: Promise<string>;
  readonly #exited: Promise<unknown>;

  /** @param name the file in this folder, without its extension; @param plan the script's argument, as JSON */
  constructor(name: string, plan: unknown) {
    this.#name = name;
    const path = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    this.#child = spawn(process.execPath, [path, JSON.stringify(plan)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: toolEnvironment(),
      // A process group of its own: Ctrl-C at the terminal reaches only this process, which then ends its children in
      // order.
      detached: true,
    });
    endWithThisProcess(this.#child);
    this.#exited = once(this.#child, 'close');
    this.#errors = text(this.#child.stderr!);
    this.#reader = createInterface({ input: this.#child.stdout! });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * Waits for the next report. @throws Error with the script's stderr if it ends first; the signal's reason if it is
   * aborted first
   */
  async next<Report>(signal: AbortSignal): Promise<Report> {
    signal.throwIfAborted();
    const settled = new AbortController();
    const aborted = once(signal, 'abort', { signal: settled.signal }).then(
      () => undefined,
      () => undefined,
    );
    const line = await Promise.race([this.#lines.next(), aborted]).finally(() => settled.abort());
    signal.throwIfAborted();
    if (line === undefined || line.done) throw new Error(`${this.#name} ended: ${(await this.#errors).trim()}`);
    return JSON.parse(line.value) as Report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
    this.#reader.close();
  }
}
