/** The times of packed entries and of their writes (R17), as arrays of numbers. */
import type { LogEntry } from '../protocol/log-entry.js';

/** Instead of a time. */
const none = -1;

export class PackedExpiry {
  /** By entry. */
  readonly #atMs: Float64Array;
  /** By number of the write. */
  readonly #expiresAtMs: Float64Array;

  constructor(entries: readonly LogEntry[], writeCount: number) {
    this.#atMs = Float64Array.from(entries, ({ atMs }) => atMs ?? none);
    this.#expiresAtMs = new Float64Array(writeCount);
    let number = 0;
    for (const { writes } of entries) for (const { expiresAtMs } of writes) this.#expiresAtMs[number++] = expiresAtMs ?? none;
  }

  get bytes(): number {
    return this.#atMs.byteLength + this.#expiresAtMs.byteLength;
  }

  atMs(index: number): number | undefined {
    return timeOf(this.#atMs[index]!);
  }

  expiresAtMs(write: number): number | undefined {
    return timeOf(this.#expiresAtMs[write]!);
  }
}

function timeOf(stored: number): number | undefined {
  return stored === none ? undefined : stored;
}
