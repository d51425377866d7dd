/**
 * A client that writes all the time: several loops, each awaiting one put of a shared client. It records when and by
 * which node writes were acknowledged, and the failures.
 */
import { KvError } from '../../src/errors.js';
import type { KvClient } from '../../src/index.js';

/** Enough loops that the primary is never idle, and so few that the machine is not the bottleneck. */
const loops = 16;
const keysPerLoop = 64;
const value = Buffer.alloc(100, 'v');
const deadlineMs = 30_000;
/** Longer than any failover: a write that is not acknowledged by then never will be. */
const patienceMs = 60_000;

export interface Acknowledgement {
  readonly nodeId: string;
  /** The time on the clock of `performance.now()`. */
  readonly atMs: number;
}

export class SteadyWriter {
  acknowledged = 0;
  /** The number of failed calls by code. A call that succeeds after retries of the client is not a failure. */
  readonly failures = new Map<string, number>();
  readonly #client: KvClient;
  readonly #running: Promise<void>[];
  readonly #listeners = new Set<(acknowledgement: Acknowledgement) => void>();
  #lastAtMs = performance.now();
  #longestGapMs = 0;
  #stopping = false;

  constructor(client: KvClient) {
    this.#client = client;
    this.#running = Array.from({ length: loops }, (_, index) => this.#loop(`writer-${index}`));
  }

  get failed(): number {
    return [...this.failures.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The longest time without an acknowledgement since the last call. */
  takeLongestGapMs(): number {
    const longest = Math.max(this.#longestGapMs, performance.now() - this.#lastAtMs);
    this.#longestGapMs = 0;
    return longest;
  }

  /**
   * Waits for the next wanted acknowledgement, perhaps of a write sent earlier. @throws Error if none arrives in time
   */
  async next(isWanted: (acknowledgement: Acknowledgement) => boolean): Promise<Acknowledgement> {
    let timer: NodeJS.Timeout | undefined;
    let listener: ((acknowledgement: Acknowledgement) => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        listener = (acknowledgement) => {
          if (isWanted(acknowledgement)) resolve(acknowledgement);
        };
        this.#listeners.add(listener);
        const failures = () => JSON.stringify(Object.fromEntries(this.failures));
        timer = setTimeout(
          () => reject(new Error(`no such write was acknowledged within ${patienceMs} ms; failed: ${failures()}`)),
          patienceMs,
        );
      });
    } finally {
      clearTimeout(timer);
      if (listener !== undefined) this.#listeners.delete(listener);
    }
  }

  /** Waits for `count` further acknowledged writes, by any node. */
  async writes(count: number): Promise<void> {
    const goal = this.acknowledged + count;
    await this.next(() => this.acknowledged >= goal);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
  }

  async #loop(prefix: string): Promise<void> {
    for (let turn = 0; !this.#stopping; turn++) {
      try {
        const { nodeId } = await this.#client.put(`${prefix}-${turn % keysPerLoop}`, value, { deadlineMs });
        this.#acknowledged(nodeId);
      } catch (error) {
        const code = error instanceof KvError ? error.code : String(error);
        if (code === 'CLOSED') return;
        this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
      }
    }
  }

  #acknowledged(nodeId: string): void {
    const atMs = performance.now();
    this.acknowledged += 1;
    this.#longestGapMs = Math.max(this.#longestGapMs, atMs - this.#lastAtMs);
    this.#lastAtMs = atMs;
    for (const listener of this.#listeners) listener({ nodeId, atMs });
  }
}
