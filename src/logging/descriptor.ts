/**
 * The descriptor that lines of text are written to, opened so that a write does not wait for the reader.
 *
 * Standard output is often inherited in blocking mode: a write to a full pipe, or to a terminal that Ctrl-S has stopped, then
 * holds up the thread that writes. O_NONBLOCK belongs to the open file description, which other processes share and may change
 * again. So this file opens the pipe or terminal anew, for a description of its own, and where it cannot (a socket, a pipe of
 * another user) the writes go to libuv's thread pool, so that the main thread never waits.
 */
import { constants, fstatSync, openSync, readFileSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

export interface OutputDescriptor {
  readonly fd: number;
  /** True if a write may wait: to be done off the main thread. */
  readonly mayBlock: boolean;
}

/** Between two attempts to write to a pipe that is full. */
const attemptEveryMs = 10;

export function openOutput(fd: number): OutputDescriptor {
  const stat = fstatSync(fd);
  if (stat.isFIFO() || isatty(fd)) {
    const own = openAnew(fd);
    if (own !== undefined) return { fd: own, mayBlock: false };
  }
  if (stat.isFIFO() || stat.isSocket()) setNonBlocking(fd);
  return { fd, mayBlock: true };
}

/** @returns undefined where the system or the permissions do not allow it, or a pipe has no reader any more. */
function openAnew(fd: number): number | undefined {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
}

/** Node.js sets O_NONBLOCK on a pipe or socket when it makes a stream of it. Others may take it away again. */
function setNonBlocking(fd: number): void {
  if (fd === 1) void process.stdout;
  if (fd === 2) void process.stderr;
}

/** Whether a write on this thread could wait for a reader without end. A file on a disk takes its time, and comes to an end. */
export function mayWaitForReader({ fd, mayBlock }: OutputDescriptor): boolean {
  return mayBlock && !fstatSync(fd).isFile() && !isNonBlocking(fd);
}

/** As it is at this moment: another process that shares the description may have changed it. */
function isNonBlocking(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '0';
    return (Number.parseInt(flags, 8) & constants.O_NONBLOCK) !== 0;
  } catch {
    return false;
  }
}

/**
 * Writes on this thread, for at most `patienceMs` where the reader is slow: for the last words of a process.
 *
 * @returns how many bytes were written. Errors end the attempt and are not reported: there is no place to report them.
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

/** The reader does not keep up: the same write may succeed later. */
export function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN';
}
