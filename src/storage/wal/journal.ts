/** What one replica appends to the log of its node. */
import type { NewRecord, Payload } from './gathered-batch.js';
import { idWords, type LoggedReplica, maxShard } from './record-format.js';
import { SegmentIndex } from './segment-index.js';
import { SegmentPins } from './segment-pins.js';

const maxType = 255;

/**
 * When a record counts as kept: as the mode of the log says, once it is flushed in any mode, or once it is written in any mode. A
 * record of the last kind causes no flush: it becomes durable together with a later one.
 */
export type KeptWhen = 'mode' | 'flushed' | 'written';

/** What a journal needs of its log. */
export interface JournalLog {
  /** The segment of the newest record. */
  readonly segment: number;
  add(record: NewRecord, keptWhen: KeptWhen): Promise<void>;
  /** The replica may need fewer segments than before. */
  unpinned(): void;
}

export class Journal {
  readonly #log: JournalLog;
  readonly #pins: SegmentPins;
  #replica: LoggedReplica;
  #id: readonly [number, number];
  #ids: readonly string[];
  #index = new SegmentIndex();
  /** The log of the replica is shorter at its beginning: old segments are gone. */
  onTrimmed: (() => void) | undefined;

  constructor(log: JournalLog, replica: LoggedReplica, pins = new SegmentPins()) {
    if (!Number.isInteger(replica.shard) || replica.shard < 0 || replica.shard > maxShard) {
      throw new RangeError(`the log has no shard ${replica.shard}: 0 to ${maxShard}`);
    }
    this.#log = log;
    this.#replica = replica;
    this.#id = idWords(replica.id);
    this.#ids = [replica.id];
    this.#pins = pins;
  }

  get replica(): LoggedReplica {
    return this.#replica;
  }
  /** The segment of the newest record of all replicas. */
  get segment(): number {
    return this.#log.segment;
  }
  /** The ids that the replica has had in the records that are left. */
  get ids(): readonly string[] {
    return this.#ids;
  }
  /** Where the entries of the replica are. */
  get index(): Omit<SegmentIndex, 'add' | 'startAt' | 'dropThrough'> {
    return this.#index;
  }
  /** The oldest segment with entries above the replica's newest snapshot. Undefined: none. */
  get oldestNeeded(): number | undefined {
    return this.#pins.oldest;
  }

  /**
   * Appends a record and copies its payload, which may be in pieces that follow each other. The result is the same promise for every
   * record of a batch. It resolves once the record is kept as `keptWhen` says, and never if the log fails or is closed before.
   *
   * @param type from 0 to 255
   * @param end the seq of the last entry in the replica's log after this record, if the record changes the log
   */
  append(type: number, payload: Uint8Array | Payload, end?: number, keptWhen: KeptWhen = 'mode'): Promise<void> {
    const kept = this.#log.add(this.record(type, payload, end), keptWhen);
    if (end !== undefined) {
      this.#pins.add(this.#log.segment, end);
      this.#index.add(this.#log.segment, end);
    }
    return kept;
  }

  /** The record that was appended last has begun the replica's log anew: it holds entries above this seq only. */
  startAt(seq: number): void {
    this.#index.startAt(this.#log.segment, seq);
  }

  /** What a start has found of the replica. */
  found(ids: readonly string[], index: SegmentIndex): void {
    this.#ids = ids;
    this.#index = index;
  }

  /** The log is about to remove the segments up to this one. */
  removedThrough(segment: number): void {
    const { start } = this.#index;
    this.#index.dropThrough(segment);
    if (this.#index.start > start) this.onTrimmed?.();
  }

  record(type: number, payload: Uint8Array | Payload, end?: number): NewRecord {
    if (type < 0 || type > maxType) throw new RangeError(`a record has no type ${type}: 0 to ${maxType}`);
    const pieces = payload instanceof Uint8Array ? [payload] : payload;
    let payloadBytes = 0;
    for (const piece of pieces) payloadBytes += piece.length;
    return { typeAndShard: ((this.#replica.shard << 8) | type) >>> 0, id: this.#id, end, payload: pieces, payloadBytes };
  }

  /** A snapshot of the replica that is durable, and recorded in the log, holds every entry up to this seq. */
  cover(seq: number): void {
    this.#pins.cover(seq);
    this.#log.unpinned();
  }

  /** Every entry above the newest snapshot was written again, from this segment on, and is durable there. */
  coverBefore(segment: number): void {
    this.#pins.coverBefore(segment);
    this.#log.unpinned();
  }

  /** The replica has a new id from now on. What it needs stays. */
  rename(id: string): void {
    this.#id = idWords(id);
    this.#ids = [...this.#ids, id];
    this.#replica = { shard: this.#replica.shard, id };
  }
}
