/**
 * The file operations of the log, which block. The log's threads use them, and the main thread only to read the
 * log before it is open. Numbers of open files count in all threads of the process.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';

export interface LogFiles {
  /** Creates the folder unless it exists. The name of a folder that was created is on the device afterwards. */
  makeFolder(folder: string): void;
  /** The names in the folder, in no particular order. */
  list(folder: string): string[];
  /** `create`: the file is empty afterwards. @returns the number of the open file */
  open(path: string, how: 'create' | 'change' | 'read'): number;
  /** @returns the number of bytes read, which may be smaller than asked for; 0 at the end of the file. */
  read(file: number, into: Uint8Array, position: number): number;
  /** @returns the number of bytes written, which may be smaller than asked for. */
  write(file: number, bytes: Uint8Array, position: number): number;
  /** Returns when everything that was written to the file is on the device. */
  flush(file: number): void;
  /** Returns when the names of the folder's files are on the device. */
  flushFolder(folder: string): void;
  close(file: number): void;
  rename(from: string, to: string): void;
  /** A file that does not exist is not an error. */
  remove(path: string): void;
}

function flushFolder(folder: string): void {
  const file = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

const flags = { create: 'w+', change: 'r+', read: 'r' } as const;

/** Calls go through the object of the module, so that a test can replace its functions before the log is loaded. */
export const realFiles: LogFiles = {
  makeFolder: (folder) => {
    if (fs.mkdirSync(folder, { recursive: true }) !== undefined) flushFolder(dirname(folder));
  },
  list: (folder) => fs.readdirSync(folder),
  open: (path, how) => fs.openSync(path, flags[how], 0o600),
  read: (file, into, position) => fs.readSync(file, into, 0, into.length, position),
  write: (file, bytes, position) => fs.writeSync(file, bytes, 0, bytes.length, position),
  flush: (file) => fs.fdatasyncSync(file),
  flushFolder,
  close: (file) => fs.closeSync(file),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.rmSync(path, { force: true }),
};

/** For a reader that must not change anything: a folder that is missing stays so, and files that were not finished stay there. */
export const readOnlyFiles: LogFiles = { ...realFiles, makeFolder: () => {}, remove: () => {} };

/** Writes all bytes. */
export function writeFully(files: LogFiles, file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) done += files.write(file, bytes.subarray(done), position + done);
}

const zeros = new Uint8Array(1024 * 1024);

export function writeZeros(files: LogFiles, file: number, from: number, to: number): void {
  for (let at = from; at < to; at += zeros.length) {
    writeFully(files, file, zeros.subarray(0, Math.min(zeros.length, to - at)), at);
  }
}
