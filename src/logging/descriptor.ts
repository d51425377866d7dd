/**
 * The descriptor of the log, opened so that the main thread never waits for the reader.
 *
 * Standard output is often inherited in blocking mode. A write to a full pipe, or to a terminal that Ctrl-S has stopped, then
 * blocks its thread. O_NONBLOCK belongs to the open file description, which other processes share and may change again. So this
 * file opens the pipe or terminal anew, which makes a description of its own. If that is not possible (a socket, a pipe of
 * another user), the writes are done in libuv's thread pool.
 */
import { constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

export interface OutputDescriptor {
  readonly fd: number;
  /** True if a write may block, and so must be done off the main thread. */
  readonly mayBlock: boolean;
}

/** Pause between two attempts to write to a full pipe. */
const attemptEveryMs = 10;

/** Opens a standard stream of the process for writing that does not make the main thread wait. */
export function openOutput(fd: number): OutputDescriptor {
  const stat = fstatSync(fd);
  if (stat.isFIFO() || isatty(fd)) {
    const own = openAnew(fd);
    if (own !== undefined) return { fd: own, mayBlock: false };
  }
  if (stat.isFIFO() || stat.isSocket()) setNonBlocking(fd);
  return { fd, mayBlock: true };
}

/** @returns undefined if the system or the permissions do not allow it, or if a pipe has no reader any more. */
function openAnew(fd: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}

/** Node.js sets O_NONBLOCK on a pipe or socket when it makes a stream of it. Other processes may clear it again. */
function setNonBlocking(fd: number): void {
  if (fd === 1) void process.stdout;
  if (fd === 2) void process.stderr;
}

/** True if a write on this thread could wait for a reader forever. A write to a file may be slow, but it ends. */
export function mayWaitForReader({ fd, mayBlock }: OutputDescriptor): boolean {
  return mayBlock && !fstatSync(fd).isFile() && !isNonBlocking(fd);
}

/** The flag at this moment: another process that shares the description may have changed it. */
function isNonBlocking(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0';
    return (Number.parseInt(flags, 8) & constants.O_NONBLOCK) !== 0;
  } catch {
    return false;
  }
}

/**
 * Writes on this thread, for at most `patienceMs` if the reader is slow. It serves for the last lines of a process.
 *
 * @returns the number of bytes written. An error ends the attempt, and is not reported because there is no place for the report.
 */
export function writeWithin({ fd }: OutputDescriptor, bytes: Uint8Array, patienceMs: number): number {
  const endMs = performance.now() + patienceMs;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      if (!isFull(error) || performance.now() >= endMs) break;
      Atomics.wait(sleeper, 0, 0, attemptEveryMs);
    }
  }
  return written;
}

/** True if the write failed because the reader does not keep up. The same write may succeed later. */
export function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}
