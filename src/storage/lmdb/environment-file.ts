/**
 * Checks the file of an environment before LMDB opens it.
 *
 * Where opening fails, the package ends the process with a segmentation fault: it uses memory that it has freed (`openEnv` in its
 * env.cpp). So what makes it fail is looked for before: the folder or a file cannot be written, the disk is full, or the first two
 * pages are not those of an environment.
 *
 * LMDB reads the file as memory, and a read behind the end of the file ends the process (SIGBUS). So a file that is shorter than its pages
 * of roots say is extended to that length. The new pages are zeros: LMDB reports damage if it reads one. Most shorter files are intact,
 * because pages at the end that a transaction has taken and freed again are never written.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';

const lockName = 'lock.mdb';
/** The two pages from which all others are found, of which the newer one counts. */
const rootPages = 2;
export const pageBytes = 4_096;
/** Where a page of roots has its flags, the mark of LMDB, the version of the format, and the size of pages. */
const flagsAt = 18;
const markAt = 24;
const versionAt = 28;
const pageBytesAt = 48;
/** The number of the last page in use. */
const lastPageAt = 144;
const rootFlag = 8;
const mark = 0xbeefc0de;
const formatVersion = 2;
/** A larger length counts as damage: ext4 limits a file to 16 TiB. */
const mostBytes = 2 ** 44;
/** More than a new environment takes. */
const newBytes = 1024 * 1024;

function environmentFile(folder: string): string {
  return join(folder, 'data.mdb');
}

export function environmentBytes(folder: string): number {
  return statSync(environmentFile(folder)).size;
}

/** @throws an error that says why the environment in the folder, which exists, cannot be opened, or cannot be created */
export function checkEnvironment(folder: string): void {
  accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  const file = environmentFile(folder);
  for (const path of [file, join(folder, lockName)]) if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
  if (existsSync(file) && statSync(file).size > 0) return checkRootPages(file);
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < newBytes) throw Object.assign(new Error('no space left on the disk'), { code: 'ENOSPC' });
}

function checkRootPages(file: string): void {
  const bytes = Buffer.alloc(rootPages * pageBytes);
  const descriptor = openSync(file, 'r');
  try {
    if (readSync(descriptor, bytes, 0, bytes.length, 0) < bytes.length) throw new Error(`${file} is too short`);
  } finally {
    closeSync(descriptor);
  }
  // A loss of power during the creation leaves zeros, if anything.
  if (bytes.every((byte) => byte === 0)) return rmSync(file);
  for (let page = 0; page < rootPages; page++) checkRootPage(bytes.subarray(page * pageBytes), file);
  lengthen(file, bytes);
}

/** Extends the file without using space on the disk: its new end is a hole. */
function lengthen(file: string, roots: Buffer): void {
  const lastPages = Array.from({ length: rootPages }, (_, page) => Number(roots.readBigUInt64LE(page * pageBytes + lastPageAt)));
  const bytes = (Math.max(...lastPages) + 1) * pageBytes;
  // A page number that leads beyond the largest file is damaged.
  if (bytes > statSync(file).size && bytes <= mostBytes) truncateSync(file, bytes);
}

function checkRootPage(page: Buffer, file: string): void {
  if ((page.readUInt16LE(flagsAt) & rootFlag) === 0 || page.readUInt32LE(markAt) !== mark)
    throw new Error(`${file} does not begin as a file of LMDB`);
  const version = page.readUInt16LE(versionAt);
  if (version !== formatVersion) throw new Error(`${file} has version ${version} of LMDB's format, not ${formatVersion}`);
  if (page.readUInt32LE(pageBytesAt) !== pageBytes) throw new Error(`${file} has pages of another size than ${pageBytes} bytes`);
}
