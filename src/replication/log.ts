/**
 * The retained part of a shard's log: contiguous entries above a base, in memory.
 *
 * Seqs are contiguous. Where R13 raises the seq floor, the log starts again from a new base instead of having a gap, so
 * the list of epochs needs only the first seq of each.
 */
import { invariant } from './invariant.js';
import { entryBytes, type LogEntry } from './log-entry.js';
import type { EpochRun, LogPosition } from './log-position.js';
import type { Epoch, Seq } from './shard-state.js';

export class Log {
  #baseSeq: Seq = 0;
  #baseEpoch: Epoch = 0;
  /** Entries before `#head` are dropped and only wait for the array to be cut. */
  #entries: (LogEntry | undefined)[] = [];
  #head = 0;
  #history: EpochRun[] = [];
  #bytes = 0;

  /** The position below the first retained entry. */
  get baseSeq(): Seq {
    return this.#baseSeq;
  }
  get lastSeq(): Seq {
    return this.#baseSeq + this.#entries.length - this.#head;
  }
  /** Epoch of the entry at `lastSeq`. */
  get lastEpoch(): Epoch {
    return this.#history.at(-1)?.epoch ?? this.#baseEpoch;
  }
  /** Estimated memory of the retained entries. */
  get bytes(): number {
    return this.#bytes;
  }
  get position(): LogPosition {
    return { baseSeq: this.#baseSeq, baseEpoch: this.#baseEpoch, lastSeq: this.lastSeq, history: [...this.#history] };
  }

  /** Undefined outside base..last. */
  epochAt(seq: Seq): Epoch | undefined {
    if (seq === this.#baseSeq) return this.#baseEpoch;
    return this.get(seq)?.epoch;
  }

  get(seq: Seq): LogEntry | undefined {
    return seq <= this.#baseSeq ? undefined : this.#entries[this.#indexOf(seq)];
  }

  append(entry: LogEntry): void {
    invariant(entry.seq === this.lastSeq + 1, () => `entry ${entry.seq} does not follow ${this.lastSeq}`);
    invariant(entry.epoch >= this.lastEpoch, () => `entry of epoch ${entry.epoch} after one of ${this.lastEpoch}`);
    if (entry.epoch > this.lastEpoch) this.#history.push({ epoch: entry.epoch, firstSeq: entry.seq });
    this.#entries.push(entry);
    this.#bytes += entryBytes(entry);
  }

  /** Up to `maxEntries` entries from `fromSeq` on, and no more than `maxBytes`, but at least one if there is one. */
  slice(fromSeq: Seq, maxEntries: number, maxBytes = Number.POSITIVE_INFINITY): LogEntry[] {
    invariant(fromSeq > this.#baseSeq, () => `entry ${fromSeq} is no longer retained`);
    const found: LogEntry[] = [];
    let bytes = 0;
    const end = Math.min(this.lastSeq, fromSeq + maxEntries - 1);
    for (let seq = fromSeq; seq <= end; seq++) {
      const entry = this.#entries[this.#indexOf(seq)]!;
      bytes += entryBytes(entry);
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  /** Cuts what lies beyond `seq`. */
  truncateAfter(seq: Seq): void {
    invariant(seq >= this.#baseSeq, () => `cannot cut below the base ${this.#baseSeq}`);
    while (this.lastSeq > seq) this.#bytes -= entryBytes(this.#entries.pop()!);
    while ((this.#history.at(-1)?.firstSeq ?? 0) > seq) this.#history.pop();
  }

  /** Forgets the entries up to and including `seq`. */
  dropThrough(seq: Seq): void {
    invariant(seq <= this.lastSeq, () => `cannot drop beyond the end ${this.lastSeq}`);
    if (seq <= this.#baseSeq) return;
    this.#baseEpoch = this.epochAt(seq)!;
    for (; this.#baseSeq < seq; this.#baseSeq++) {
      this.#bytes -= entryBytes(this.#entries[this.#head]!);
      this.#entries[this.#head++] = undefined;
    }
    while (this.#history.length > 0 && (this.#history[1]?.firstSeq ?? this.lastSeq + 1) <= seq + 1) this.#history.shift();
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Discards everything; the next entry is `baseSeq + 1`. */
  reset(baseSeq: Seq, baseEpoch: Epoch): void {
    this.#baseSeq = baseSeq;
    this.#baseEpoch = baseEpoch;
    this.#entries = [];
    this.#head = 0;
    this.#history = [];
    this.#bytes = 0;
  }

  #indexOf(seq: Seq): number {
    return this.#head + seq - this.#baseSeq - 1;
  }
}
