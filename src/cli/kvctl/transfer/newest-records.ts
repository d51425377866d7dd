/**
 * The records of a dump of one shard, of which only the newest of each key counts, in bounded memory: which records are superseded is
 * known only at the end. They are distributed over partitions by their key. Each partition is small enough to be searched in memory
 * later; until then it lies in a temporary file, unless the shard is small.
 */
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KvError } from '../../../errors.js';
import { type DumpedRecord, type DumpedRecords, type RecordPlace, readDumpRecord } from '../../../wire/dump/dump-records.js';

/** A partition has about this many bytes, if the shard does not grow during its dump. */
const partitionBytes = 8 * 1024 * 1024;
/** The fewest leave room for a shard that grows. The most bound the memory of the chunks that are being filled. */
const fewestPartitions = 16;
const mostPartitions = 256;
/** What is written to the file at once, unless a record is larger. */
const chunkBytes = 64 * 1024;
/** Chunks stay in memory until they have more bytes than this. */
const memoryBytes = 16 * 1024 * 1024;
/** Before each record in a chunk stands its length. */
const lengthBytes = 4;
/** The most records that are returned together, and about the most bytes. */
const batchRecords = 1_000;
const batchBytes = 4 * 1024 * 1024;

/** A chunk that is full. */
interface Chunk {
  /** Undefined: it is in the file. */
  readonly memory: Buffer | undefined;
  readonly offset: number;
  readonly length: number;
}

interface Partition {
  readonly full: Chunk[];
  /** The chunk that is being filled. */
  filling: Buffer | undefined;
  filledBytes: number;
}

export class NewestRecords {
  readonly #partitions: readonly Partition[];
  #file: FileHandle | undefined;
  #fileBytes = 0;
  /** Of full chunks, those in the file included. */
  #fullBytes = 0;

  /** @param expectedBytes of all keys and values, about. */
  constructor(expectedBytes: number) {
    const wanted = Math.ceil(expectedBytes / partitionBytes);
    const length = Math.min(mostPartitions, Math.max(fewestPartitions, wanted));
    this.#partitions = Array.from({ length }, () => ({ full: [], filling: undefined, filledBytes: 0 }));
  }

  /** @returns the number of the records. @throws KvError if the temporary file cannot be written */
  async add(records: DumpedRecords): Promise<number> {
    let count = 0;
    for (const place of records.places()) {
      const partition = this.#partitions[hashOfKey(place) % this.#partitions.length]!;
      const bytes = lengthBytes + place.end - place.start;
      if (partition.filling !== undefined && partition.filledBytes + bytes > partition.filling.length)
        await this.#putAway(partition);
      append(partition, place, bytes);
      count += 1;
    }
    return count;
  }

  /** @returns the newest record of each key, unless it says that the key was deleted, in batches. Their values are views. */
  async *read(): AsyncGenerator<DumpedRecord[], void> {
    let batch: DumpedRecord[] = [];
    let bytes = 0;
    for (const partition of this.#partitions) {
      for (const record of (await this.#newestOf(partition)).values()) {
        if (record.value === undefined) continue;
        batch.push(record);
        bytes += record.value.length;
        if (batch.length < batchRecords && bytes < batchBytes) continue;
        yield batch;
        batch = [];
        bytes = 0;
      }
    }
    if (batch.length > 0) yield batch;
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  async #newestOf({ full, filling, filledBytes }: Partition): Promise<Map<string, DumpedRecord>> {
    const newest = new Map<string, DumpedRecord>();
    for (const chunk of full) keepNewest(newest, chunk.memory ?? (await this.#read(chunk)));
    if (filling !== undefined) keepNewest(newest, filling.subarray(0, filledBytes));
    return newest;
  }

  /** Puts the chunk away that is being filled. */
  async #putAway(partition: Partition): Promise<void> {
    const chunk = partition.filling!.subarray(0, partition.filledBytes);
    partition.filling = undefined;
    const { length } = chunk;
    this.#fullBytes += length;
    if (this.#fullBytes <= memoryBytes) partition.full.push({ memory: chunk, offset: 0, length });
    else partition.full.push({ memory: undefined, offset: await this.#write(chunk), length });
  }

  /** @returns where it is in the file. */
  async #write(chunk: Buffer): Promise<number> {
    const { length } = chunk;
    const offset = this.#fileBytes;
    this.#fileBytes += length;
    await this.#inFile((file) => file.write(chunk, 0, length, offset));
    return offset;
  }

  async #read({ offset, length }: Chunk): Promise<Buffer> {
    const chunk = Buffer.allocUnsafe(length);
    await this.#inFile((file) => file.read(chunk, 0, length, offset));
    return chunk;
  }

  async #inFile(
    use: (file: FileHandle) => Promise<{ readonly bytesRead: number } | { readonly bytesWritten: number }>,
  ): Promise<void> {
    try {
      this.#file ??= await openUnnamed();
      await use(this.#file);
    } catch (cause) {
      const message = `the records of a shard cannot be kept in ${tmpdir()} (${(cause as Error).message}); TMPDIR can name another folder`;
      throw new KvError('INVALID_OPTION', message, { cause });
    }
  }
}

/** Nothing of the file is left when the process ends, in whatever way. */
async function openUnnamed(): Promise<FileHandle> {
  const path = join(tmpdir(), `kvctl-dump-${process.pid}-${process.hrtime.bigint()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

function append(partition: Partition, { memory, start, end }: RecordPlace, bytes: number): void {
  if (partition.filling === undefined) {
    partition.filling = Buffer.allocUnsafe(Math.max(chunkBytes, bytes));
    partition.filledBytes = 0;
  }
  const { filling, filledBytes } = partition;
  filling.writeUInt32LE(end - start, filledBytes);
  memory.copy(filling, filledBytes + lengthBytes, start, end);
  partition.filledBytes += bytes;
}

function keepNewest(newest: Map<string, DumpedRecord>, chunk: Buffer): void {
  for (let at = 0; at < chunk.length; ) {
    const start = at + lengthBytes;
    at = start + chunk.readUInt32LE(at);
    const record = readDumpRecord(chunk, start, at);
    const known = newest.get(record.key);
    if (known === undefined || record.version >= known.version) newest.set(record.key, record);
  }
}

/** FNV-1a of the bytes of the key. */
function hashOfKey({ memory, keyStart, keyEnd }: RecordPlace): number {
  let hash = 0x811c9dc5;
  for (let at = keyStart; at < keyEnd; at++) hash = Math.imul(hash ^ memory[at]!, 0x01000193);
  return hash >>> 0;
}
