/**
 * Reads the records of one replica from a segment while the log is open, a bounded part of the segment at a time. It runs on a thread
 * of the log.
 */
import { batchHeadBytes, batchStart, batchTailBytes, findBatch } from './batch-format.js';
import type { LogFiles } from './log-files.js';
import { loggedBytes, loggedHeadBytes, RecordReader } from './record-format.js';
import { segmentPath } from './segment-file.js';
import { decodeSegmentHeader, segmentHeaderBytes } from './segment-header.js';

/** Where to go on: at a batch that begins there or a little after. */
export interface ReadPlace {
  readonly segment: number;
  readonly position: number;
  /** The number that the batch must have. Undefined: any. */
  readonly batch: number | undefined;
}

export interface RecordQuery {
  readonly folder: string;
  readonly shard: number;
  /** The ids that the replica has had. */
  readonly ids: readonly string[];
  readonly place: ReadPlace;
  /** Ends the reading once this much is found. */
  readonly maxBytes: number;
}

export interface FoundRecords {
  /** The records, one after the other, as they are in the log. */
  readonly memory: ArrayBuffer;
  readonly next: ReadPlace;
  /** No valid batch follows in this segment. */
  readonly isEnd: boolean;
}

export function firstPlaceIn(segment: number, batch?: number): ReadPlace {
  return { segment, position: segmentHeaderBytes, batch };
}

/** One job reads at most about this much of a segment, so that others have their turn. */
const scanBytes = 8 * 1024 * 1024;
const windowBytes = 1024 * 1024;

/** @throws Error of the file system, also if the segment has been removed; Error if it has no valid header */
export function readRecords(files: LogFiles, { folder, shard, ids, place, maxBytes }: RecordQuery): FoundRecords {
  const file = files.open(segmentPath(folder, place.segment), 'read');
  try {
    const window = new FileWindow(files, file);
    const header = window.at(0, segmentHeaderBytes);
    const found = header && decodeSegmentHeader(header);
    if (found?.number !== place.segment) throw new Error(`segment ${place.segment} of the log has no valid header`);
    const reader = new RecordReader();
    const records: Buffer[] = [];
    let bytes = 0;
    let { position, batch } = place;
    for (let isEnd = false; ; ) {
      const start = batchStart(position);
      const content = batchAt(window, start, found.bytes);
      const head = content && findBatch(content, 0, found.salt);
      if (head?.kind !== 'valid' || (batch !== undefined && head.number !== batch)) isEnd = true;
      else {
        for (const { replica, payload } of reader.read(place.segment, content!, head.recordsStart, head.recordsEnd)) {
          if (replica.shard !== shard || !ids.includes(replica.id)) continue;
          const recordStart = payload.byteOffset - content!.byteOffset - loggedHeadBytes;
          // The window is filled anew for a later batch.
          const record = Buffer.from(content!.subarray(recordStart, recordStart + loggedBytes(payload.length)));
          records.push(record);
          bytes += record.length;
        }
        position = start + head.end;
        batch = head.number + 1;
      }
      if (!isEnd && bytes < maxBytes && position - place.position < scanBytes) continue;
      return { memory: joined(records, bytes), next: { segment: place.segment, position, batch }, isEnd };
    }
  } finally {
    files.close(file);
  }
}

/** The bytes of the batch at this position, if there may be one. */
function batchAt(window: FileWindow, start: number, segmentBytes: number): Buffer | undefined {
  const head = window.at(start, batchHeadBytes);
  const bytes = head && batchHeadBytes + head.readUInt32LE(4) + batchTailBytes;
  return bytes === undefined || start + bytes > segmentBytes ? undefined : window.at(start, bytes);
}

function joined(records: readonly Buffer[], bytes: number): ArrayBuffer {
  const memory = new ArrayBuffer(bytes);
  const all = Buffer.from(memory);
  let at = 0;
  for (const record of records) {
    all.set(record, at);
    at += record.length;
  }
  return memory;
}

/** A part of a file in memory, which moves along. */
class FileWindow {
  readonly #files: LogFiles;
  readonly #file: number;
  #memory = Buffer.alloc(windowBytes);
  #start = 0;
  #bytes = 0;

  constructor(files: LogFiles, file: number) {
    this.#files = files;
    this.#file = file;
  }

  /** A view, which is valid until the next call. Undefined: the file is shorter. */
  at(position: number, bytes: number): Buffer | undefined {
    if (position < this.#start || position + bytes > this.#start + this.#bytes) this.#moveTo(position, bytes);
    const from = position - this.#start;
    return from + bytes > this.#bytes ? undefined : this.#memory.subarray(from, from + bytes);
  }

  #moveTo(position: number, bytes: number): void {
    if (bytes > this.#memory.length) this.#memory = Buffer.alloc(bytes);
    this.#start = position;
    this.#bytes = 0;
    while (this.#bytes < this.#memory.length) {
      const read = this.#files.read(this.#file, this.#memory.subarray(this.#bytes), position + this.#bytes);
      if (read === 0) return;
      this.#bytes += read;
    }
  }
}
