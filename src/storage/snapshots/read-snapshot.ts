/** Reads a snapshot file, and checks all of it. While the caller works on its chunks, the next part of the file is read. */
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

/** A chunk of the file. */
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
  let head = start.subarray(snapshotSignature.length);
  for (let number = 0; ; number++) {
    const { bytes, kind } = expected(path, head, number);
    const isEnd = kind === chunkKinds.end;
    const piece = await pieces.next(isEnd ? bytes : bytes + chunkHeadBytes);
    const payload = piece.subarray(0, bytes);
    if (checkOf(head, payload) !== readChunkHead(head).check)
      throw new SnapshotDamagedError(path, `chunk ${number} does not have its checksum`);
    if (isEnd && pieces.restBytes > 0) throw new SnapshotDamagedError(path, `${pieces.restBytes} bytes follow its end`);
    if (!isEnd) head = piece.subarray(bytes);
    yield { isEnd, payload };
    if (isEnd) return;
  }
}

function expected(path: string, head: Buffer, number: number): ChunkHead {
  const found = readChunkHead(head);
  if (found.number !== number) throw new SnapshotDamagedError(path, `chunk ${number} is missing`);
  return found;
}

/** A read takes a round trip to a thread, so each one brings many chunks. */
const blockBytes = 4 * 1024 * 1024;

/** The file in pieces of any size. The next block is read ahead. */
class Pieces {
  readonly #path: string;
  readonly #file: FileHandle;
  /** Bytes that were read and not taken. */
  #rest = Buffer.alloc(0);
  #position = 0;
  #unreadBytes: number;
  #ahead: Promise<Buffer<ArrayBuffer>>;

  constructor(path: string, file: FileHandle, size: number) {
    this.#path = path;
    this.#file = file;
    this.#unreadBytes = size;
    this.#ahead = this.#readAhead();
  }

  /** Bytes of the file that were not taken. */
  get restBytes(): number {
    return this.#rest.length + this.#unreadBytes;
  }

  async next(bytes: number): Promise<Buffer> {
    if (bytes > this.restBytes) throw new SnapshotDamagedError(this.#path, 'it ends too early');
    while (this.#rest.length < bytes) {
      const block = await this.#ahead;
      this.#position += block.length;
      this.#unreadBytes -= block.length;
      this.#rest = this.#rest.length === 0 ? block : Buffer.concat([this.#rest, block]);
      this.#ahead = this.#readAhead();
    }
    const piece = this.#rest.subarray(0, bytes);
    this.#rest = this.#rest.subarray(bytes);
    return piece;
  }

  #readAhead(): Promise<Buffer<ArrayBuffer>> {
    const block = this.#read(Math.min(blockBytes, this.#unreadBytes));
    // The caller sees the error when it needs the block.
    block.catch(() => {});
    return block;
  }

  async #read(bytes: number): Promise<Buffer<ArrayBuffer>> {
    const buffer = Buffer.allocUnsafeSlow(bytes);
    for (let done = 0; done < bytes; ) {
      const { bytesRead } = await this.#file.read(buffer, done, bytes - done, this.#position + done);
      if (bytesRead === 0) throw new SnapshotDamagedError(this.#path, 'it ends too early');
      done += bytesRead;
    }
    return buffer;
  }
}
