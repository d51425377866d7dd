/** The jobs of the log's threads: everything that blocks on the disk while the log is open. */
import { sealBatch } from './batch-format.js';
import { type LogFiles, writeFully, writeZeros } from './log-files.js';
import { type FoundRecords, type RecordQuery, readRecords } from './read-records.js';

export type LogJob =
  /** Writes a batch, and flushes it if `flush`. */
  | {
      readonly kind: 'write';
      readonly file: number;
      readonly position: number;
      /** Holds the batch at its beginning. */
      readonly memory: ArrayBuffer;
      readonly bytes: number;
      readonly number: number;
      readonly unflushed: number;
      readonly salt: number;
      readonly flush: boolean;
      /** A file to flush before: that of the previous segment, if this is the first batch of the next one. */
      readonly flushBefore: number | undefined;
    }
  | { readonly kind: 'create'; readonly path: string }
  /** Fills a part of a file with zeros, and flushes it. */
  | { readonly kind: 'fill'; readonly file: number; readonly from: number; readonly to: number }
  /** Writes the header of a segment that is filled, and gives the file its name. */
  | {
      readonly kind: 'publish';
      readonly file: number;
      readonly header: Uint8Array;
      readonly from: string;
      readonly to: string;
      readonly folder: string;
    }
  | { readonly kind: 'flush'; readonly file: number }
  | { readonly kind: 'close'; readonly file: number }
  | { readonly kind: 'remove'; readonly path: string; readonly folder: string }
  /** Reads records of one replica. */
  | { readonly kind: 'read'; readonly query: RecordQuery };

export interface LogJobResult {
  /** What `create` opened. */
  readonly file?: number;
  /** The memory of `write`, to be used again. */
  readonly memory?: ArrayBuffer;
  /** How long the flushes of `write` and `flush` took. Undefined: nothing was flushed. */
  readonly flushMs?: number;
  /** What `read` found. Its memory is the caller's. */
  readonly found?: FoundRecords;
}

/** @throws Error of the file system */
export function executeLogJob(files: LogFiles, job: LogJob): LogJobResult {
  switch (job.kind) {
    case 'write': {
      const beforeMs = job.flushBefore === undefined ? 0 : timedFlush(files, job.flushBefore);
      const batch = Buffer.from(job.memory, 0, job.bytes);
      sealBatch(batch, job.position, job);
      writeFully(files, job.file, batch, job.position);
      if (job.flush) return { memory: job.memory, flushMs: beforeMs + timedFlush(files, job.file) };
      return job.flushBefore === undefined ? { memory: job.memory } : { memory: job.memory, flushMs: beforeMs };
    }
    case 'create':
      return { file: files.open(job.path, 'create') };
    case 'fill':
      writeZeros(files, job.file, job.from, job.to);
      files.flush(job.file);
      return {};
    case 'publish':
      writeFully(files, job.file, job.header, 0);
      files.flush(job.file);
      files.rename(job.from, job.to);
      files.flushFolder(job.folder);
      return {};
    case 'flush':
      return { flushMs: timedFlush(files, job.file) };
    case 'close':
      files.close(job.file);
      return {};
    case 'remove':
      files.remove(job.path);
      files.flushFolder(job.folder);
      return {};
    case 'read':
      return { found: readRecords(files, job.query) };
  }
}

function timedFlush(files: LogFiles, file: number): number {
  const beganMs = performance.now();
  files.flush(file);
  return performance.now() - beganMs;
}
