/**
 * Reads the log of an earlier process, oldest record first, and finds out how it ends. Records before damage are valid; what
 * comes after it is not used. The caller may read the log anew from a later segment on, which begins with a checkpoint: damage
 * before it concerns only the replicas that need entries of there.
 *
 * The caller finds missing segments at the beginning of the log: the log must begin with a checkpoint, and hold every entry of a
 * replica between its snapshot and the end that the checkpoint names.
 */
import { type LogFiles, realFiles } from './log-files.js';
import { type LoggedRecord, type LoggedReplica, nameOfLogged, RecordReader } from './record-format.js';
import { isUnfinished, segmentNumberOf, unfinishedPath } from './segment-file.js';
import type { LogOwner, SegmentHeader } from './segment-header.js';
import { SegmentPins } from './segment-pins.js';
import { batchesOf, isEmptySegment, type ReadSegment, type SegmentEnd, SegmentReader } from './segment-scan.js';

export interface LogPlace {
  readonly folder: string;
  readonly owner: LogOwner;
  /** For tests: stands in for the real file system before the log is open. */
  readonly files?: LogFiles;
}

/** How the log ends. */
export interface LogOutcome {
  readonly kind: SegmentEnd['kind'];
  /** The segment with the end, or with the damage. 0: the log has no segments. */
  readonly segment: number;
  /** Where the last valid batch of that segment ends. 0: the segment has no valid header. */
  readonly position: number;
  readonly nextBatch: number;
  /** What is wrong, as a sentence. Empty: nothing. */
  readonly reason: string;
}

/** A segment in the folder belongs to another node. */
export class ForeignSegmentError extends Error {
  constructor(folder: string, number: number, { clusterId, nodeId }: LogOwner) {
    super(
      `segment ${number} in ${folder} belongs to node ${nodeId} of cluster ${clusterId}: ` +
        'the folder holds files of two nodes. Nothing was changed. Move the files that do not belong there away.',
    );
    this.name = 'ForeignSegmentError';
  }
}

export class LogScan {
  readonly place: Required<LogPlace>;
  /** The numbers of the segments, in order. */
  readonly segments: readonly number[];
  /** Those before the first segment that is read: they do not belong to the log any more. */
  readonly segmentsBefore: readonly number[];
  /** Files that are not the log's. They are left alone. */
  readonly unknownFiles: readonly string[];
  /** What the headers that were read say, by number of the segment. */
  readonly headers = new Map<number, Omit<SegmentHeader, 'owner'>>();
  readonly #reader: SegmentReader;
  /** Segments that are known to hold nothing. */
  readonly #empty = new Set<number>();
  readonly #pins = new Map<string, SegmentPins>();
  readonly #pinsOfRecords = new Map<LoggedReplica, SegmentPins>();
  #outcome: LogOutcome | undefined;

  /**
   * @param first the first segment to read. Default: the oldest one
   * @param earlier has read all records, and nothing has changed since: segments that it has found to be empty are not read again.
   */
  constructor(place: LogPlace, first = 0, earlier?: Pick<LogScan, 'headers' | 'emptySegments'>) {
    const { folder, files = realFiles } = place;
    this.place = { ...place, files };
    files.makeFolder(folder);
    const names = files.list(folder).sort();
    for (const name of names.filter(isUnfinished)) files.remove(unfinishedPath(folder, Number.parseInt(name, 10)));
    const numbers = names.flatMap((name) => segmentNumberOf(name) ?? []);
    this.segments = numbers.filter((number) => number >= first);
    this.segmentsBefore = numbers.filter((number) => number < first);
    this.unknownFiles = names.filter((name) => segmentNumberOf(name) === undefined && !isUnfinished(name));
    this.#reader = new SegmentReader(folder, files);
    if (earlier === undefined) return;
    for (const number of earlier.emptySegments) this.#foundEmpty(number, earlier.headers.get(number)!);
  }

  /** Segments after the end of the log that were read, and hold nothing. */
  get emptySegments(): ReadonlySet<number> {
    return this.#empty;
  }

  /** How the log ends; only after all records were read. */
  get outcome(): LogOutcome {
    if (this.#outcome === undefined) throw new Error('the records of the log were not all read');
    return this.#outcome;
  }

  /** The segments that the replica needs, as far as the records that were read say. */
  pinsOf(replica: LoggedReplica): SegmentPins {
    const known = this.#pinsOfRecords.get(replica);
    if (known !== undefined) return known;
    const name = nameOfLogged(replica);
    const pins = this.#pins.get(name) ?? new SegmentPins();
    this.#pins.set(name, pins);
    this.#pinsOfRecords.set(replica, pins);
    return pins;
  }

  /** The caller has read a record that gives the replica a new id. What it needs stays. */
  renamed(replica: LoggedReplica, id: string): void {
    this.#pins.set(nameOfLogged({ ...replica, id }), this.pinsOf(replica));
    this.#pins.delete(nameOfLogged(replica));
  }

  /** Reads all records once. @throws ForeignSegmentError, LogFormatError, or an error of the file system */
  *records(): Generator<LoggedRecord, void> {
    const reader = new RecordReader();
    // The first segment of a log holds its first batch.
    let nextBatch = this.segments[0] === 1 ? 1 : undefined;
    let before: number | undefined;
    for (const number of this.segments) {
      if (number !== (before ?? number - 1) + 1) return this.#end(before! + 1, damaged('the file is missing', nextBatch));
      before = number;
      const isNewest = !this.#hasBatchAfter(number);
      const segment = this.#read(number);
      if (segment === undefined) return this.#end(number, damaged('the header of the file is damaged', nextBatch));
      const batches = batchesOf(segment, nextBatch, isNewest);
      let step = batches.next();
      for (; step.done !== true; step = batches.next()) {
        for (const record of reader.read(number, segment.content, step.value.recordsStart, step.value.recordsEnd)) {
          if (record.end !== undefined) this.pinsOf(record.replica).add(number, record.end);
          yield record;
        }
      }
      const end = step.value;
      if (isNewest || end.kind === 'damaged') return this.#end(number, end);
      nextBatch = end.nextBatch;
    }
    this.#end(0, { kind: 'end', position: 0, nextBatch: 1, reason: '' });
  }

  #end(segment: number, { kind, position, nextBatch, reason }: SegmentEnd): void {
    const sentence = reason === '' ? '' : `segment ${segment} of the log at ${position}: ${reason}`;
    this.#outcome = { kind, segment, position, nextBatch, reason: sentence };
  }

  #read(number: number): ReadSegment | undefined {
    const segment = this.#reader.read(number);
    const { folder, owner } = this.place;
    if (segment === undefined) return undefined;
    const { bytes, salt } = segment;
    this.headers.set(number, { number, bytes, salt });
    const { clusterId, nodeId } = segment.owner;
    if (clusterId !== owner.clusterId || nodeId !== owner.nodeId) throw new ForeignSegmentError(folder, number, segment.owner);
    return segment;
  }

  /** Whether a later segment is anything but empty. */
  #hasBatchAfter(number: number): boolean {
    return this.segments.some((later) => {
      if (later <= number || this.#empty.has(later)) return false;
      if (this.#reader.beginsWithBatch(later)) return true;
      const segment = this.#read(later);
      if (segment === undefined || !isEmptySegment(segment)) return true;
      this.#foundEmpty(later, this.headers.get(later)!);
      return false;
    });
  }

  #foundEmpty(number: number, header: Omit<SegmentHeader, 'owner'>): void {
    this.#empty.add(number);
    this.headers.set(number, header);
  }
}

function damaged(reason: string, nextBatch: number | undefined): SegmentEnd {
  return { kind: 'damaged', position: 0, nextBatch: nextBatch ?? 1, reason };
}
