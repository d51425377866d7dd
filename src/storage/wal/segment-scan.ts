/**
 * Reads one segment: where its batches are, and how they end.
 *
 * How a segment ends decides about the log:
 * - `end`: behind the last batch, everything is zero.
 * - `torn`: behind the last batch, there is a part of a batch that was written and not flushed before the power failed, or the
 *   process ended. Its records were not kept in mode `always`.
 * - `damaged`: a batch has changed, or is missing, that was flushed.
 */
import { batchesFrom, batchHeadBytes, batchStart, findBatch, isZero } from './batch-format.js';
import { type LogFiles, realFiles } from './log-files.js';
import { segmentPath } from './segment-file.js';
import { decodeSegmentHeader, type SegmentHeader, segmentHeaderBytes } from './segment-header.js';

export interface ReadSegment extends SegmentHeader {
  /** The whole segment. The memory is used again for the next one. */
  readonly content: Buffer;
  /** Bytes that could be read, from the beginning. */
  readonly readable: number;
}

export interface SegmentEnd {
  readonly kind: 'end' | 'torn' | 'damaged';
  /** Where the last valid batch ends. */
  readonly position: number;
  /** Of the next batch. */
  readonly nextBatch: number;
  /** What is wrong, as half a sentence. */
  readonly reason: string;
}

export interface BatchPlace {
  readonly recordsStart: number;
  readonly recordsEnd: number;
}

const readBytes = 1024 * 1024;

/** Reads segments into one memory. */
export class SegmentReader {
  readonly #folder: string;
  readonly #files: LogFiles;
  #memory = Buffer.alloc(0);

  constructor(folder: string, files: LogFiles = realFiles) {
    this.#folder = folder;
    this.#files = files;
  }

  /** @returns undefined if the file has no valid header. @throws LogFormatError */
  read(number: number): ReadSegment | undefined {
    const file = this.#files.open(segmentPath(this.#folder, number), 'read');
    try {
      const header = Buffer.alloc(segmentHeaderBytes);
      if (this.#fill(file, header) < header.length) return undefined;
      const found = decodeSegmentHeader(header);
      if (found?.number !== number) return undefined;
      if (this.#memory.length < found.bytes) this.#memory = Buffer.allocUnsafeSlow(found.bytes);
      const content = this.#memory.subarray(0, found.bytes);
      return { ...found, content, readable: this.#fill(file, content) };
    } finally {
      this.#files.close(file);
    }
  }

  /** Whether bytes of a batch are where the first one begins; quicker than reading the whole segment. */
  beginsWithBatch(number: number): boolean {
    const file = this.#files.open(segmentPath(this.#folder, number), 'read');
    try {
      const beginning = Buffer.alloc(segmentHeaderBytes + batchHeadBytes);
      return this.#fill(file, beginning) === beginning.length && !isZero(beginning, segmentHeaderBytes, beginning.length);
    } finally {
      this.#files.close(file);
    }
  }

  /** @returns the bytes up to the end of the file, or up to the first part that the device cannot read. */
  #fill(file: number, into: Buffer): number {
    let done = 0;
    while (done < into.length) {
      const read = this.#readPart(file, into.subarray(done, done + readBytes), done);
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  #readPart(file: number, into: Buffer, position: number): number {
    try {
      return this.#files.read(file, into, position);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EIO') return 0;
      throw error;
    }
  }
}

export function isEmptySegment({ content, readable }: ReadSegment): boolean {
  return readable === content.length && isZero(content, segmentHeaderBytes, content.length);
}

/**
 * Yields the places of the batches, in order, and returns how the segment ends.
 *
 * @param firstBatch the number that the first batch must have. Undefined: any
 * @param isNewest no later segment holds a batch
 */
export function* batchesOf(
  segment: ReadSegment,
  firstBatch: number | undefined,
  isNewest: boolean,
): Generator<BatchPlace, SegmentEnd> {
  const { salt, readable } = segment;
  const content = segment.content.subarray(0, readable);
  let position = segmentHeaderBytes;
  let next = firstBatch;
  for (;;) {
    const start = batchStart(position);
    const found = findBatch(content, start, salt);
    if (found.kind !== 'valid') {
      return { ...judgeEnd(segment, position, next, found.kind, isNewest), position, nextBatch: next ?? 1 };
    }
    const reason =
      faultBefore(found.number, next) ??
      (isZero(content, position, start) ? undefined : 'bytes between two batches have changed');
    if (reason !== undefined) return { kind: 'damaged', reason, position, nextBatch: next ?? 1 };
    yield found;
    position = found.end;
    next = found.number + 1;
  }
}

function faultBefore(number: number, expected: number | undefined): string | undefined {
  return expected === undefined || number === expected ? undefined : `batch ${number} follows batch ${expected - 1}`;
}

/** Judges what is behind the last valid batch. */
function judgeEnd(
  { content, readable, salt }: ReadSegment,
  position: number,
  nextBatch: number | undefined,
  found: 'blank' | 'incomplete' | 'changed',
  isNewest: boolean,
): Pick<SegmentEnd, 'kind' | 'reason'> {
  const damaged = (reason: string) => ({ kind: 'damaged', reason }) as const;
  if (readable < content.length) return damaged(`only ${readable} of ${content.length} bytes can be read`);
  if (found === 'changed') return damaged('a batch has changed since it was written');
  if (isZero(content, position, content.length)) return { kind: 'end', reason: '' };
  if (!isNewest) return damaged('a batch is missing or incomplete, and a later segment has batches');
  for (const later of batchesFrom(content, position, salt)) {
    // Without a known number, this is the first batch of the log: every later one proves that it was written.
    if (nextBatch === undefined || later.number - later.unflushed > nextBatch) {
      return damaged(`a batch is missing or incomplete, and it was flushed before batch ${later.number} was written`);
    }
  }
  return { kind: 'torn', reason: 'the last batch is incomplete' };
}
