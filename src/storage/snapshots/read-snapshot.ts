/** Reads a snapshot file, and checks all of it. While the caller works on a chunk, the next one is read. */
import { type FileHandle, open } from 'node:fs/promises';
import {
  type ChunkHead,
  checkOf,
  chunkHeadBytes,
  chunkKinds,
  readChunkHead,
  SnapshotDamagedError,
  snapshotSignature,
} from './snapshot-format.js';

/** A chunk of the file. The payload is valid until the next chunk is requested. */
export interface SnapshotChunk {
  /** The last one of a complete file. */
  readonly isEnd: boolean;
  readonly payload: Buffer;
}

/** @throws SnapshotDamagedError, perhaps only after some chunks: nothing may be used before the end was yielded. */
export async function* readSnapshot(path: string): AsyncGenerator<SnapshotChunk> {
  const file = await openExisting(path);
  try {
    yield* chunksOf(path, file);
  } finally {
    await file.close();
  }
}

async function openExisting(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new SnapshotDamagedError(path, 'it is missing', { cause: error });
  }
}

async function* chunksOf(path: string, file: FileHandle): AsyncGenerator<SnapshotChunk> {
  const pieces = new Pieces(path, file, (await file.stat()).size);
  const start = await pieces.next(snapshotSignature.length + chunkHeadBytes);
  if (!start.subarray(0, snapshotSignature.length).equals(snapshotSignature))
    throw new SnapshotDamagedError(path, 'it does not begin as a snapshot file of this version');
  let head = Buffer.from(start.subarray(snapshotSignature.length));
  for (let number = 0; ; number++) {
    const { bytes, kind } = expected(path, head, number);
    const isEnd = kind === chunkKinds.end;
    const piece = await pieces.next(isEnd ? bytes : bytes + chunkHeadBytes);
    const payload = piece.subarray(0, bytes);
    if (checkOf(head, payload) !== readChunkHead(head).check)
      throw new SnapshotDamagedError(path, `chunk ${number} does not have its checksum`);
    if (isEnd && pieces.restBytes > 0) throw new SnapshotDamagedError(path, `${pieces.restBytes} bytes follow its end`);
    if (!isEnd) {
      head = Buffer.from(piece.subarray(bytes));
      const next = readChunkHead(head);
      pieces.readAhead(next.kind === chunkKinds.end ? next.bytes : next.bytes + chunkHeadBytes);
    }
    yield { isEnd, payload };
    if (isEnd) return;
  }
}

function expected(path: string, head: Buffer, number: number): ChunkHead {
  const found = readChunkHead(head);
  if (found.number !== number) throw new SnapshotDamagedError(path, `chunk ${number} is missing`);
  return found;
}

/** The file in pieces of any size, with one read ahead. Two buffers take turns. */
class Pieces {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #buffers: Buffer[] = [Buffer.alloc(0), Buffer.alloc(0)];
  #position = 0;
  restBytes: number;
  #ahead: Promise<Buffer> | undefined;

  constructor(path: string, file: FileHandle, size: number) {
    this.#path = path;
    this.#file = file;
    this.restBytes = size;
  }

  /** @param bytes as in `readAhead`, if that was called before. */
  next(bytes: number): Promise<Buffer> {
    if (this.#ahead === undefined) this.readAhead(bytes);
    const piece = this.#ahead!;
    this.#ahead = undefined;
    return piece;
  }

  readAhead(bytes: number): void {
    this.#ahead = this.#read(bytes);
    // The caller sees the error when it requests the piece.
    this.#ahead.catch(() => {});
  }

  async #read(bytes: number): Promise<Buffer> {
    if (bytes > this.restBytes) throw new SnapshotDamagedError(this.#path, 'it ends too early');
    const buffer = this.#nextBuffer(bytes);
    for (let done = 0; done < bytes; ) {
      const { bytesRead } = await this.#file.read(buffer, done, bytes - done, this.#position + done);
      if (bytesRead === 0) throw new SnapshotDamagedError(this.#path, 'it ends too early');
      done += bytesRead;
    }
    this.#position += bytes;
    this.restBytes -= bytes;
    return buffer.subarray(0, bytes);
  }

  #nextBuffer(bytes: number): Buffer {
    const buffer = this.#buffers.shift()!;
    const next = buffer.length < bytes ? Buffer.allocUnsafeSlow(bytes) : buffer;
    this.#buffers.push(next);
    return next;
  }
}
