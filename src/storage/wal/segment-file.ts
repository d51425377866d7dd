/** A segment: one file of the log. All have the same size, are filled with zeros before they are used, and are numbered from 1. */
import { join } from 'node:path';

/** A segment that is ready to be written. */
export interface OpenSegment {
  readonly number: number;
  /** Of the whole file. */
  readonly bytes: number;
  readonly salt: number;
  /** The open file. */
  readonly file: number;
}

const pattern = /^(\d{16})\.wal$/;
const unfinishedPattern = /^\d{16}\.tmp$/;

export function segmentPath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(16, '0')}.wal`);
}

/** The name of a segment's file until it is filled. */
export function unfinishedPath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(16, '0')}.tmp`);
}

/** The number of the segment with this name. Undefined: the file is none. */
export function segmentNumberOf(name: string): number | undefined {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function isUnfinished(name: string): boolean {
  return unfinishedPattern.test(name);
}
