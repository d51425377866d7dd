/**
 * Workers that write again and again in every way whose result shows whether it was executed exactly once: counters, writes that name
 * the version before, deletes, parts of values, transactions. Any error, and any answer that does not fit, is a finding.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type KvClient, KvError, op } from '../../../src/index.js';

export interface ExactLoadOptions {
  /** Distinguishes the keys of several loads on one cluster. */
  readonly name: string;
  /** Default 8. */
  readonly workers?: number;
}

/** The pause after a turn. Without one a load would take the processors that a node needs to start again. */
const restMs = 5;
/** Counters that all workers of a load share. */
const sharedCounters = 4;

export class ExactLoad {
  /** What was wrong, as sentences. */
  readonly findings: string[] = [];
  #answers = 0;
  readonly #client: KvClient;
  readonly #name: string;
  readonly #added = new Map<string, number>();
  readonly #running: Promise<void>[];
  readonly #waiting = new Set<() => void>();
  #stopping = false;

  constructor(client: KvClient, { name, workers = 8 }: ExactLoadOptions) {
    this.#client = client;
    this.#name = name;
    this.#running = Array.from({ length: workers }, (_, worker) => this.#work(`{${name}-${worker}}`, worker));
  }

  /** Waits until `count` more writes have been answered, or a worker has ended with a finding. */
  async answers(count: number): Promise<void> {
    const goal = this.#answers + count;
    while (this.#answers < goal && this.findings.length === 0)
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
      });
  }

  /** Ends the workers, and compares every counter with what was added to it. @returns the number of answers */
  async stop(): Promise<number> {
    this.#stopping = true;
    await Promise.all(this.#running);
    for (const [key, added] of this.#added) {
      const found = await this.#client.get(key);
      this.#expect(`the counter ${key}`, Number(found?.value.toString() ?? 0), added);
    }
    return this.#answers;
  }

  async #work(tag: string, worker: number): Promise<void> {
    const value = `${tag}:value`;
    const text = `${tag}:text`;
    let version = 0;
    try {
      for (let turn = 1; !this.#stopping; turn++) {
        const shared = `${this.#name}:shared-${(turn + worker) % sharedCounters}`;
        await Promise.all([1, 2, 3].map((by) => this.#add(shared, by)));
        const previous = version;
        version = (await this.#answered(this.#client.put(value, String(turn), { ifVersion: version }))).version;
        if (version <= previous) this.#expect(`the version of ${value} after ${previous}`, version, previous + 1);
        await this.#transfer(tag, turn);
        const { valueBytes } = await this.#answered(this.#client.append(text, 'x'));
        this.#expect(`the length of ${text}`, valueBytes, turn);
        const replaced = await this.#answered(this.#client.getAndSet(value, 'replaced'));
        this.#expect(`what ${value} had`, replaced.previous, { value: Buffer.from(String(turn)), version });
        const removed = await this.#answered(this.#client.delete(value, { ifVersion: replaced.version }));
        this.#expect(`whether ${value} existed`, removed.existed, true);
        version = 0;
        await pause(restMs);
      }
    } catch (error) {
      const { code, executed } = error instanceof KvError ? error : { code: 'no KvError', executed: 'unknown' };
      this.#find(`worker ${tag}: ${code}, executed ${executed}: ${String(error)}`);
    }
  }

  async #add(key: string, by: number): Promise<void> {
    await this.#answered(this.#client.increment(key, { by }));
    this.#count(key, by);
  }

  /** Adds to one counter what it takes from another. */
  async #transfer(tag: string, turn: number): Promise<void> {
    const [one, other] = [`${tag}:one`, `${tag}:other`];
    const { results } = await this.#answered(
      this.#client.transact({ do: [op.increment(one, { by: turn }), op.increment(other, { by: -turn })] }),
    );
    this.#count(one, turn);
    this.#count(other, -turn);
    const sums = results.map(({ value }) => Number(value));
    this.#expect(`the counters of ${tag}`, sums, [this.#added.get(one), this.#added.get(other)]);
  }

  #count(key: string, by: number): void {
    this.#added.set(key, (this.#added.get(key) ?? 0) + by);
  }

  async #answered<Result>(write: Promise<Result>): Promise<Result> {
    const result = await write;
    this.#answers += 1;
    this.#wake();
    return result;
  }

  #expect(what: string, found: unknown, expected: unknown): void {
    if (!isDeepStrictEqual(found, expected))
      this.#find(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
  }

  #find(finding: string): void {
    this.findings.push(finding);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
