/**
 * Counts the operations of one thread in intervals that all threads share. Ended intervals are sent to the main
 * thread.
 */
import { type Buckets, Histogram } from './histogram.js';

/** The finest interval. The live line and the report merge several of them. */
export const intervalMs = 100;

export interface KindInterval {
  readonly succeeded: number;
  readonly failed: number;
  /** Of successful operations, in microseconds from the first attempt to the answer, with retries and waits. */
  readonly latencies: Buckets;
}

export interface Interval {
  /** Counted from the start of the measurement. An operation belongs to the interval in which it ended. */
  readonly index: number;
  readonly read: KindInterval;
  readonly write: KindInterval;
}

export type Kind = 'read' | 'write';

export class BenchRecorder {
  readonly #startedAtMs: number;
  readonly #read = new KindRecorder();
  readonly #write = new KindRecorder();
  readonly #errors = new Map<string, number>();
  #ended: Interval[] = [];
  #index = 0;
  #endsAtMs: number;

  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
    this.#endsAtMs = startedAtMs + intervalMs;
  }

  success(kind: Kind, latencyMs: number, endedAtMs: number): void {
    if (endedAtMs >= this.#endsAtMs) this.#next(endedAtMs);
    (kind === 'read' ? this.#read : this.#write).latencies.record(latencyMs * 1_000);
  }

  failure(kind: Kind, code: string, endedAtMs: number): void {
    if (endedAtMs >= this.#endsAtMs) this.#next(endedAtMs);
    (kind === 'read' ? this.#read : this.#write).failed += 1;
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  get errorsByCode(): Record<string, number> {
    return Object.fromEntries(this.#errors);
  }

  /** The first interval that can still change. */
  get openIndex(): number {
    return this.#index;
  }

  /** @returns each interval once, after it has ended, unless it has no operation */
  takeEnded(nowMs: number): Interval[] {
    if (nowMs >= this.#endsAtMs) this.#next(nowMs);
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  /** Call this after the last operation. @returns the rest, including the interval that has not ended */
  takeRest(): Interval[] {
    return this.takeEnded(this.#endsAtMs);
  }

  #next(nowMs: number): void {
    const [read, write] = [this.#read.take(), this.#write.take()];
    if (hasAny(read) || hasAny(write)) this.#ended.push({ index: this.#index, read, write });
    this.#index = Math.floor((nowMs - this.#startedAtMs) / intervalMs);
    this.#endsAtMs = this.#startedAtMs + (this.#index + 1) * intervalMs;
  }
}

class KindRecorder {
  readonly latencies = new Histogram();
  failed = 0;

  take(): KindInterval {
    const taken = { succeeded: this.latencies.count, failed: this.failed, latencies: this.latencies.take() };
    this.failed = 0;
    return taken;
  }
}

function hasAny({ succeeded, failed }: KindInterval): boolean {
  return succeeded + failed > 0;
}
