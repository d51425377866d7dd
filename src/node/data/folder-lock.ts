/**
 * The lock of a data directory: one process at a time uses it.
 *
 * The lock is that of `flock` of the kernel on the file `lock`. It belongs to the open file, so the kernel releases it when the process
 * ends in any way: it cannot be left behind. It also holds between containers that share the folder, where a process id says nothing.
 * Node.js has no call for it, so the program `flock` (util-linux, on every Debian and Ubuntu) sets it on the file that this process
 * has open. The content of the file names the holder, for the message of a process that is refused.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isNoSpace } from '../../storage/wal/index.js';
import { failedCall, unusable } from './folder-error.js';

const fileName = 'lock';
/** The exit code of `flock` if another process has the lock. */
const taken = 1;

export class FolderLock {
  #file: number | undefined;

  /** @throws KvError DATA_UNAVAILABLE if another process uses the folder */
  static take(folder: string): FolderLock {
    const path = join(folder, fileName);
    const file = openLock(folder, path);
    try {
      setLock(folder, path, file);
      nameHolder(file);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    return new FolderLock(file);
  }

  private constructor(file: number) {
    this.#file = file;
  }

  /** Idempotent. */
  release(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function openLock(folder: string, path: string): number {
  try {
    // Appends, because the content names the holder until the lock is taken.
    return openSync(path, 'a+', 0o600);
  } catch (error) {
    throw failedCall(folder, `write ${path}`, error);
  }
}

/** The name is for people only: a full disk must not keep a node from its data. */
function nameHolder(file: number): void {
  try {
    ftruncateSync(file);
    writeSync(file, `${JSON.stringify({ pid: process.pid, host: hostname(), since: new Date().toISOString() })}\n`);
  } catch (error) {
    if (!isNoSpace(error)) throw error;
  }
}

function setLock(folder: string, path: string, file: number): void {
  const { status, error, stderr } = spawnSync('flock', ['-n', '-x', '3'], { stdio: ['ignore', 'ignore', 'pipe', file] });
  if (status === 0) return;
  if (status === taken) throw unusable(folder, `another node uses this folder${holderIn(path)}. Stop it, or use another folder`);
  const reason = error?.message ?? String(stderr).trim();
  throw unusable(folder, `the folder cannot be locked with the program flock of the package util-linux: ${reason}`, error);
}

function holderIn(path: string): string {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    return `, process ${pid} on ${host} since ${since}`;
  } catch {
    // The holder has just taken it, and has not written its name yet.
    return '';
  }
}
