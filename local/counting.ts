/**
 * Workers that increment counters without pause, each its own, and note every acknowledged increment. If writes are executed exactly
 * once, the counters show afterwards what was noted: less means that an increment was lost, more that one was repeated.
 */
import type { KvClient } from '../src/client/index.js';

const workers = 16;
/** No increment may give up while all nodes are away. */
const incrementDeadlineMs = 120_000;

export class Counting {
  readonly #client: KvClient;
  readonly #acknowledged = new Map<string, number>();
  readonly #ended: Promise<void>;
  #waiting: { readonly goal: number; resolve(): void }[] = [];
  #stopping = false;

  constructor(client: KvClient) {
    this.#client = client;
    const keys = Array.from({ length: workers }, (_, worker) => `counter:${worker + 1}`);
    this.#ended = Promise.all(keys.map((key) => this.#increment(key))).then(() => {});
    // The failure of a worker is for `more` and `stop` to report.
    this.#ended.catch(() => {});
  }

  get acknowledged(): number {
    return [...this.#acknowledged.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Waits until this many more increments were acknowledged. @throws KvError of an increment that failed */
  async more(count: number): Promise<void> {
    const goal = this.acknowledged + count;
    const reached = new Promise<void>((resolve) => this.#waiting.push({ goal, resolve }));
    await Promise.race([reached, this.#ended]);
  }

  /**
   * Waits for the increments that are under way, and reads the counters. @returns the number of increments that were acknowledged
   * @throws Error naming the first counter that differs from it; KvError of an increment that failed
   */
  async stop(): Promise<number> {
    this.#stopping = true;
    await this.#ended;
    for (const [key, acknowledged] of this.#acknowledged) {
      const found = Number((await this.#client.get(key))?.value.toString() ?? 0);
      if (found !== acknowledged)
        throw new Error(`${key} is at ${found}, though ${acknowledged} increments by 1 were acknowledged and no others sent`);
    }
    return this.acknowledged;
  }

  async #increment(key: string): Promise<void> {
    for (let count = 1; !this.#stopping; count += 1) {
      await this.#client.increment(key, { by: 1, deadlineMs: incrementDeadlineMs });
      this.#acknowledged.set(key, count);
      const sum = this.acknowledged;
      this.#waiting = this.#waiting.filter(({ goal, resolve }) => {
        if (sum >= goal) resolve();
        return sum < goal;
      });
    }
  }
}
