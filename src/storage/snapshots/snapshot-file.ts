/**
 * A snapshot file while it is written, with calls that block: it belongs to the thread of snapshot-thread.ts.
 *
 * The file has a temporary name until it is complete and on disk, so a file with its own name is complete. It is flushed
 * again and again meanwhile: a flush of everything at the end would take long, and hold up the flushes of the log.
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync, renameSync, rmSync, writevSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ChunkKind, chunkKinds, encodeChunkHead, snapshotSignature } from './snapshot-format.js';

export const temporarySuffix = '.tmp';
/** Bytes between two flushes: few enough for a disk to write them in some tens of milliseconds. */
const flushBytes = 4 * 1024 * 1024;

export class SnapshotFile {
  readonly #path: string;
  readonly #file: number;
  #chunks = 0;
  #unflushedBytes = 0;
  #isOpen = true;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(temporaryNameOf(path), 'w', 0o600);
    try {
      this.#write([snapshotSignature]);
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  append(payload: Uint8Array): void {
    this.#append(chunkKinds.data, payload);
    if (this.#unflushedBytes < flushBytes) return;
    fdatasyncSync(this.#file);
    this.#unflushedBytes = 0;
  }

  /** Completes the file. When this returns, it survives a crash. */
  finish(payload: Uint8Array): void {
    this.#append(chunkKinds.end, payload);
    fdatasyncSync(this.#file);
    this.#close();
    renameSync(temporaryNameOf(this.#path), this.#path);
    flushFolder(dirname(this.#path));
  }

  /** Gives up the file. */
  abandon(): void {
    this.#close();
    rmSync(temporaryNameOf(this.#path), { force: true });
  }

  #append(kind: ChunkKind, payload: Uint8Array): void {
    this.#write([encodeChunkHead(kind, this.#chunks++, payload), payload]);
  }

  #write(parts: readonly Uint8Array[]): void {
    let rest = parts.filter((part) => part.length > 0);
    while (rest.length > 0) {
      const written = writevSync(this.#file, rest);
      this.#unflushedBytes += written;
      rest = withoutFirst(rest, written);
    }
  }

  #close(): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
  }
}

function temporaryNameOf(path: string): string {
  return `${path}${temporarySuffix}`;
}

/** Makes names that were given and removed in the folder survive a crash. */
export function flushFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** What is left of the parts after a write that may have ended early. */
function withoutFirst(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = bytes;
  return parts.flatMap((part) => {
    const taken = Math.min(skipped, part.length);
    skipped -= taken;
    return taken === part.length ? [] : [part.subarray(taken)];
  });
}
