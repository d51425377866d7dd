/**
 * The retained part of a shard's log: contiguous entries above a base, in memory.
 *
 * Where R13 raises the seq floor, the log starts again from a new base instead of having a gap, so the list of epochs needs
 * only the first seq of each. Older entries are packed once no peer is expected to need them.
 */

import type { Epoch, EpochId, Seq } from '../protocol/ids.js';
import type { EpochMark } from '../protocol/lineage.js';
import { entryBytes, type LogEntry } from '../protocol/log-entry.js';
import type { EpochRun, LogPosition } from '../protocol/log-position.js';
import { invariant } from './invariant.js';
import { PackedEntries } from './packed-entries.js';
import { Queue } from './queue.js';

/** A block of packed entries takes at most about this many bytes, so large entries are packed fewer at a time. */
const blockBytes = 256 * 1024;

export class Log {
  #baseSeq: Seq = 0;
  #baseEpoch: Epoch = 0;
  #baseEpochId: EpochId = '';
  /** The oldest entries, in blocks; the first block may begin below the base. */
  #packed: PackedEntries[] = [];
  /** Seq of the entry before those in `#entries`. */
  #packedSeq: Seq = 0;
  readonly #entries = new Queue<LogEntry>();
  #history: EpochRun[] = [];
  #bytes = 0;

  /** The position below the first retained entry. */
  get baseSeq(): Seq {
    return this.#baseSeq;
  }
  get lastSeq(): Seq {
    return this.#packedSeq + this.#entries.length;
  }
  /** Epoch of the entry at `lastSeq`. */
  get lastEpoch(): Epoch {
    return this.#history.at(-1)?.epoch ?? this.#baseEpoch;
  }
  /** Id of that epoch. */
  get lastEpochId(): EpochId {
    return this.#history.at(-1)?.id ?? this.#baseEpochId;
  }
  /** Estimated memory of the retained entries. */
  get bytes(): number {
    return this.#bytes;
  }
  get position(): LogPosition {
    return {
      baseSeq: this.#baseSeq,
      baseEpoch: this.#baseEpoch,
      baseEpochId: this.#baseEpochId,
      lastSeq: this.lastSeq,
      history: [...this.#history],
    };
  }

  /** The epoch of the entry at `seq`; undefined outside base..last. */
  markAt(seq: Seq): EpochMark | undefined {
    if (seq < this.#baseSeq || seq > this.lastSeq) return undefined;
    for (let index = this.#history.length - 1; index >= 0; index--) {
      const run = this.#history[index]!;
      if (run.firstSeq <= seq) return run;
    }
    return { epoch: this.#baseEpoch, id: this.#baseEpochId };
  }

  /** The epochs of the entries from `firstSeq` to `lastSeq`, all of which must be retained. */
  runsOf(firstSeq: Seq, lastSeq: Seq): readonly EpochRun[] {
    const { epoch, id } = this.markAt(firstSeq)!;
    const runs: EpochRun[] = [{ epoch, id, firstSeq }];
    // Nearly all entries are of the newest epoch.
    if (epoch === this.lastEpoch) return runs;
    for (const run of this.#history) if (run.firstSeq > firstSeq && run.firstSeq <= lastSeq) runs.push(run);
    return runs;
  }

  get(seq: Seq): LogEntry | undefined {
    if (seq <= this.#baseSeq) return undefined;
    return seq > this.#packedSeq ? this.#unpacked(seq) : this.#blockOf(seq).get(seq);
  }

  /** `id` is that of the entry's epoch. */
  append(entry: LogEntry, id: EpochId): void {
    invariant(entry.seq === this.lastSeq + 1, () => `entry ${entry.seq} does not follow ${this.lastSeq}`);
    invariant(entry.epoch >= this.lastEpoch, () => `entry of epoch ${entry.epoch} after one of ${this.lastEpoch}`);
    invariant(
      entry.epoch > this.lastEpoch || id === (this.#history.at(-1)?.id ?? this.#baseEpochId),
      () => `entry ${entry.seq} is of another epoch ${entry.epoch} than the one before it`,
    );
    if (entry.epoch > this.lastEpoch) this.#history.push({ epoch: entry.epoch, id, firstSeq: entry.seq });
    this.#entries.push(entry);
    this.#bytes += entryBytes(entry);
  }

  /** At most `maxEntries` entries and `maxBytes` bytes from `fromSeq` on, but at least one entry if there is one. */
  slice(fromSeq: Seq, maxEntries: number, maxBytes = Number.POSITIVE_INFINITY): LogEntry[] {
    invariant(fromSeq > this.#baseSeq, () => `entry ${fromSeq} is no longer retained`);
    const end = Math.min(this.lastSeq, fromSeq + maxEntries - 1);
    if (fromSeq > end) return [];
    const first = this.get(fromSeq)!;
    // Often there is only one. A list that grows by itself begins with room for 17.
    const found = [first];
    let bytes = maxBytes === Number.POSITIVE_INFINITY ? 0 : entryBytes(first);
    for (let seq = fromSeq + 1; seq <= end; seq++) {
      const entry = this.get(seq)!;
      if (maxBytes !== Number.POSITIVE_INFINITY) bytes += entryBytes(entry);
      if (bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  /** Cuts the entries beyond `seq`. */
  truncateAfter(seq: Seq): void {
    invariant(seq >= this.#baseSeq, () => `cannot cut below the base ${this.#baseSeq}`);
    invariant(seq >= this.#packedSeq, () => `cannot cut below ${this.#packedSeq}: it is packed`);
    while (this.lastSeq > seq) this.#bytes -= entryBytes(this.#entries.pop()!);
    while ((this.#history.at(-1)?.firstSeq ?? 0) > seq) this.#history.pop();
  }

  /** Drops the entries up to and including `seq`. */
  dropThrough(seq: Seq): void {
    invariant(seq <= this.lastSeq, () => `cannot drop beyond the end ${this.lastSeq}`);
    if (seq <= this.#baseSeq) return;
    const { epoch, id } = this.markAt(seq)!;
    this.#baseEpoch = epoch;
    this.#baseEpochId = id;
    this.#baseSeq = seq;
    while (this.#packed.length > 0 && this.#packed[0]!.lastSeq <= seq) this.#bytes -= this.#packed.shift()!.bytes;
    this.#takeThrough(seq);
    while (this.#history.length > 0 && (this.#history[1]?.firstSeq ?? this.lastSeq + 1) <= seq + 1) this.#history.shift();
  }

  /**
   * Packs entries up to `seq` or a little below, `blockEntries` at a time. They must not be cut any more. Packed entries take
   * less memory, and reading them takes longer.
   */
  packThrough(seq: Seq, blockEntries: number): void {
    while (seq - this.#packedSeq >= blockEntries) {
      const block: LogEntry[] = [];
      const { epoch } = this.#entries.at(0)!;
      for (let bytes = 0; block.length < blockEntries && bytes < blockBytes; ) {
        const entry = this.#entries.at(block.length)!;
        if (entry.epoch !== epoch) break;
        block.push(entry);
        bytes += entryBytes(entry);
      }
      const packed = new PackedEntries(block);
      this.#takeThrough(packed.lastSeq);
      this.#packed.push(packed);
      this.#bytes += packed.bytes;
    }
  }

  /** Discards everything; the next entry is `baseSeq + 1`. */
  reset(baseSeq: Seq, base: EpochMark): void {
    this.#baseSeq = baseSeq;
    this.#baseEpoch = base.epoch;
    this.#baseEpochId = base.id;
    this.#packed = [];
    this.#packedSeq = baseSeq;
    this.#entries.clear();
    this.#history = [];
    this.#bytes = 0;
  }

  /** Removes the entries up to and including `seq` from those that are not packed. */
  #takeThrough(seq: Seq): void {
    for (; this.#packedSeq < seq; this.#packedSeq++) this.#bytes -= entryBytes(this.#entries.shift()!);
  }

  #unpacked(seq: Seq): LogEntry | undefined {
    return this.#entries.at(seq - this.#packedSeq - 1);
  }

  /** The block that holds a packed entry. */
  #blockOf(seq: Seq): PackedEntries {
    let low = 0;
    let high = this.#packed.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#packed[middle]!.firstSeq <= seq) low = middle;
      else high = middle - 1;
    }
    return this.#packed[low]!;
  }
}
