/** Controls the foreground process, and computes its rate between two moments. */
import type { ForegroundPlan, ForegroundReport } from './foreground.js';
import { ScriptProcess } from './script-process.js';

export class ForegroundLoad implements AsyncDisposable {
  readonly #script: ScriptProcess;
  readonly #reports: ForegroundReport[] = [];
  readonly #closing = new AbortController();
  readonly #listening: Promise<void>;
  #failure: unknown;

  constructor(plan: ForegroundPlan) {
    this.#script = new ScriptProcess('foreground', plan);
    this.#listening = this.#listen();
  }

  /**
   * @returns operations per second between two moments of this machine's clock. @throws Error if any operation so far
   *   has failed
   */
  rateBetween(fromMs: number, toMs: number): number {
    if (this.#failure !== undefined) throw this.#failure;
    const from = this.#reports.find(({ atMs }) => atMs >= fromMs);
    const to = this.#reports.findLast(({ atMs }) => atMs <= toMs);
    if (from === undefined || to === undefined || to.atMs <= from.atMs)
      throw new Error('the foreground reported nothing in this time');
    if (to.failed > 0) throw new Error(`${to.failed} operations of the foreground failed: ${to.firstFailure}`);
    return ((to.done - from.done) * 1_000) / (to.atMs - from.atMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#listening;
    await this.#script[Symbol.asyncDispose]();
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    try {
      for (;;) this.#reports.push(await this.#script.next<ForegroundReport>(signal));
    } catch (error) {
      if (!signal.aborted) this.#failure = error;
    }
  }
}
