/**
 * The snapshot files of a node, by name. They are written and removed in a thread of their own, so a slow disk holds up
 * nothing but them. What the files contain is for the caller.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readSnapshot, type SnapshotChunk } from './read-snapshot.js';
import { temporarySuffix } from './snapshot-file.js';
import type { SnapshotReply, SnapshotRequest } from './snapshot-thread.js';

/** A thread that runs `serveSnapshotFiles`. */
export interface SnapshotThread {
  postMessage(request: SnapshotRequest, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message', listener: (reply: SnapshotReply) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  terminate(): Promise<unknown>;
}

/** Bytes of all files that may wait to be written before `backlog` stops those who have more. */
const maxWaitingBytes = 8 * 1024 * 1024;

interface Waiting {
  readonly sinceMs: number;
  readonly bytes: number;
  resolve(): void;
  reject(error: Error): void;
}

/** @param script the module `snapshot-worker` */
export function startSnapshotThread(script = new URL('./snapshot-worker.js', import.meta.url)): SnapshotThread {
  return new Worker(script, { name: 'snapshots' });
}

export class SnapshotFiles {
  /** Resolves if the thread has ended by itself: no file can be written any more. */
  readonly failure: Promise<Error>;
  readonly #folder: string;
  readonly #thread: SnapshotThread;
  /** The requests under way, oldest first. */
  readonly #waiting: Waiting[] = [];
  #lastFile = 0;
  /** Of the payloads in the requests that wait. */
  #waitingBytes = 0;
  #backlog: { readonly over: Promise<void>; end(): void } | undefined;
  #failure: Error | undefined;
  #fail!: (error: Error) => void;

  constructor(folder: string, thread = startSnapshotThread()) {
    this.#folder = folder;
    this.#thread = thread;
    this.failure = new Promise((resolve) => {
      this.#fail = resolve;
    });
    thread.on('message', ({ error, code }) => {
      const waiting = this.#waiting.shift();
      this.#waitingBytes -= waiting?.bytes ?? 0;
      if (this.#waitingBytes <= maxWaitingBytes / 2) this.#endBacklog();
      if (error === undefined) waiting?.resolve();
      else waiting?.reject(Object.assign(error, { code }));
    });
    thread.on('error', (cause) => this.#ended(endedError(cause.message, { cause })));
    thread.on('exit', (code) => this.#ended(endedError(`exit code ${code}`)));
  }

  /** When the oldest request that is not answered was made, on the monotonic clock. Undefined: all are answered. */
  get oldestRequestMs(): number | undefined {
    return this.#waiting[0]?.sinceMs;
  }

  /** Undefined: the disk keeps up. Otherwise much waits to be written: resolves once half of that is, or nothing is written any more. */
  get backlog(): Promise<void> | undefined {
    if (this.#backlog === undefined && this.#waitingBytes >= maxWaitingBytes) {
      let end = (): void => {};
      const over = new Promise<void>((resolve) => {
        end = resolve;
      });
      this.#backlog = { over, end };
    }
    return this.#backlog?.over;
  }

  /** The names of all files, and of those that were never completed. */
  async list(): Promise<{ readonly complete: string[]; readonly incomplete: string[] }> {
    const names = await readdir(this.#folder);
    const complete = names.filter((name) => !name.endsWith(temporarySuffix));
    return { complete, incomplete: names.filter((name) => name.endsWith(temporarySuffix)) };
  }

  create(name: string): SnapshotWriter {
    const file = ++this.#lastFile;
    const writer = new SnapshotWriter(file, (request, transfer) => this.#request(request, transfer));
    writer.open(join(this.#folder, name));
    return writer;
  }

  /** @throws SnapshotDamagedError, see `readSnapshot`. */
  read(name: string): AsyncGenerator<SnapshotChunk> {
    return readSnapshot(join(this.#folder, name));
  }

  /** The names need not exist. */
  remove(names: readonly string[]): Promise<void> {
    return names.length === 0 ? Promise.resolve() : this.#request({ type: 'remove', folder: this.#folder, names });
  }

  /** Ends the thread. Files that are not complete are not completed. */
  async close(): Promise<void> {
    const ended = new Error('the snapshot files are closed');
    this.#failure ??= ended;
    await this.#thread.terminate();
    this.#endBacklog();
    for (const waiting of this.#waiting.splice(0)) waiting.reject(ended);
  }

  #ended(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#fail(error);
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
    this.#waitingBytes = 0;
    this.#endBacklog();
  }

  #endBacklog(): void {
    this.#backlog?.end();
    this.#backlog = undefined;
  }

  #request(request: SnapshotRequest, transfer: readonly ArrayBuffer[] = []): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const bytes = 'payload' in request ? request.payload.length : 0;
      this.#waitingBytes += bytes;
      this.#waiting.push({ sinceMs: performance.now(), bytes, resolve, reject });
      this.#thread.postMessage(request, transfer);
    });
  }
}

function endedError(reason: string, options?: ErrorOptions): Error {
  const meaning = 'no snapshot can be written any more. What was acknowledged is in the log and in earlier snapshots';
  return new Error(`the thread that writes snapshot files has ended (${reason}): ${meaning}`, options);
}

type Send = (request: SnapshotRequest, transfer?: readonly ArrayBuffer[]) => Promise<void>;

/** A file that is being written. */
export class SnapshotWriter {
  readonly #file: number;
  readonly #send: Send;
  /** The newest request. It fails if any before it has failed. */
  #last: Promise<void> = Promise.resolve();
  #bytes = 0;

  constructor(file: number, send: Send) {
    this.#file = file;
    this.#send = send;
  }

  /** Bytes of all payloads so far. */
  get bytes(): number {
    return this.#bytes;
  }

  open(path: string): void {
    this.#request({ type: 'create', file: this.#file, path });
  }

  /** Copies the payload. An error is for `written` or `finish` to report. */
  append(payload: Uint8Array): void {
    this.#requestWith({ type: 'append', file: this.#file, payload: new Uint8Array(payload) });
  }

  /** Resolves once everything appended so far has been written. It need not be flushed. */
  written(): Promise<void> {
    return this.#last;
  }

  /** Completes the file, and resolves once it survives a crash. Rejects if any part of it could not be written. */
  finish(payload: Uint8Array): Promise<void> {
    return this.#requestWith({ type: 'finish', file: this.#file, payload: new Uint8Array(payload) });
  }

  /** Gives up the file, and removes what was written. */
  abandon(): Promise<void> {
    return this.#request({ type: 'abandon', file: this.#file });
  }

  #requestWith(request: Extract<SnapshotRequest, { readonly payload: Uint8Array }>): Promise<void> {
    this.#bytes += request.payload.length;
    return this.#request(request, [request.payload.buffer as ArrayBuffer]);
  }

  #request(request: SnapshotRequest, transfer?: readonly ArrayBuffer[]): Promise<void> {
    this.#last = this.#send(request, transfer);
    this.#last.catch(() => {});
    return this.#last;
  }
}
