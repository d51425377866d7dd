/**
 * Clients that write and read without pause, and record every answer, so that every later read can be judged:
 * no acknowledged write is missing, no older value follows a newer one, no value appears that was never written.
 *
 * Each worker owns its keys and makes one write at a time, so it knows for each key exactly which values may be read.
 * (Histories with several writers on one key need the checker of linearizability.)
 */
import { KvError } from '../../../src/errors.js';
import type { KvClient } from '../../../src/index.js';

interface KeyHistory {
  /** The number of the last acknowledged write; 0 for none. */
  acknowledged: number;
  version: number;
  /** Later writes with an unknown outcome. Each may be read, now or later. */
  unknown: Set<number>;
  lastAttempt: number;
}

export interface WorkloadOptions {
  readonly workers?: number;
  readonly keysPerWorker?: number;
  readonly deadlineMs?: number;
}

const defaults = { workers: 8, keysPerWorker: 5, deadlineMs: 15_000 };

export class Workload {
  /** The violations found, as sentences. */
  readonly violations: string[] = [];
  /** The number of errors by code. */
  readonly errors = new Map<string, number>();
  acknowledgedWrites = 0;
  /** The longest time between two acknowledged writes of all workers together. */
  longestPauseMs = 0;
  readonly #client: KvClient;
  readonly #deadlineMs: number;
  readonly #histories = new Map<string, KeyHistory>();
  readonly #running: Promise<void>[];
  readonly #progress = new Set<() => void>();
  #lastWriteMs = performance.now();
  #stopping = false;

  constructor(client: KvClient, options: WorkloadOptions = {}) {
    const { workers, keysPerWorker, deadlineMs } = { ...defaults, ...options };
    this.#client = client;
    this.#deadlineMs = deadlineMs;
    this.#running = Array.from({ length: workers }, (_, worker) => {
      const keys = Array.from({ length: keysPerWorker }, (_unused, index) => `worker-${worker}-key-${index}`);
      for (const key of keys) this.#histories.set(key, { acknowledged: 0, version: 0, unknown: new Set(), lastAttempt: 0 });
      return this.#work(keys);
    });
  }

  /** Waits until `count` more writes have been acknowledged, which proves service without a clock. */
  async writes(count: number): Promise<void> {
    const goal = this.acknowledgedWrites + count;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.acknowledgedWrites < goal) return;
        this.#progress.delete(look);
        resolve();
      };
      this.#progress.add(look);
    });
  }

  /** Resets the longest pause. */
  resetPause(): void {
    this.longestPauseMs = 0;
    this.#lastWriteMs = performance.now();
  }

  /** Ends the workers and reads every key once more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
    for (const key of this.#histories.keys()) await this.#read(key);
  }

  async #work(keys: readonly string[]): Promise<void> {
    for (let turn = 0; !this.#stopping; turn++) {
      const key = keys[turn % keys.length]!;
      await this.#write(key);
      await this.#read(key);
    }
  }

  async #write(key: string): Promise<void> {
    const history = this.#histories.get(key)!;
    const attempt = ++history.lastAttempt;
    try {
      const { version } = await this.#client.put(key, String(attempt), { deadlineMs: this.#deadlineMs });
      if (version <= history.version) this.violations.push(`${key}: version ${version} after ${history.version}`);
      history.acknowledged = attempt;
      history.version = version;
      this.#noteWrite();
    } catch (error) {
      this.#noteError(error);
      if (!(error instanceof KvError) || error.executed === 'unknown') history.unknown.add(attempt);
    }
  }

  async #read(key: string): Promise<void> {
    const history = this.#histories.get(key)!;
    const { acknowledged } = history;
    try {
      const found = await this.#client.get(key, { deadlineMs: this.#deadlineMs });
      const read = found === undefined ? 0 : Number(found.value.toString());
      if (read !== acknowledged && !history.unknown.delete(read)) {
        this.violations.push(`${key}: read ${read}, acknowledged was ${acknowledged}`);
      }
      if (found !== undefined && found.version < history.version) {
        this.violations.push(`${key}: version ${found.version} read after ${history.version}`);
      }
      // A value that was read must not vanish again. An unknown write that was not read may still take effect.
      history.acknowledged = read;
      history.version = Math.max(history.version, found?.version ?? 0);
    } catch (error) {
      this.#noteError(error);
    }
  }

  #noteWrite(): void {
    const now = performance.now();
    this.longestPauseMs = Math.max(this.longestPauseMs, now - this.#lastWriteMs);
    this.#lastWriteMs = now;
    this.acknowledgedWrites++;
    for (const look of [...this.#progress]) look();
  }

  #noteError(error: unknown): void {
    const code = error instanceof KvError ? error.code : String(error);
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }
}
