/**
 * Cache of the encoded log entries of a shard. So a primary encodes an entry once, for its own log on disk and for all backups, and a
 * backup with a log on disk writes the bytes that it has received.
 *
 * Each backup has its own batch in flight, so the batches of two backups rarely begin and end at the same entries. The entries
 * encoded first, for the log or for a backup, are kept as a block. The other messages copy slices of that block, which is cheap.
 */
import type { KeyWrite, LogEntry } from '../../replication/index.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import type { ReceivedAppend } from './append-body.js';
import { requestMessageBytes, writeRequest } from './request-codec.js';

/** Entries that were encoded together. */
interface Block {
  readonly entries: readonly LogEntry[];
  /** Index in `entries` of the first entry that is in the block. */
  readonly first: number;
  readonly bytes: Buffer;
  /** Offset in `bytes` at which each entry ends. */
  readonly ends: readonly number[];
}

/** Limits the blocks kept: enough for backups that are a few batches apart. A block also keeps its decoded entries alive. */
const maxBlocks = 4;
/** Limit the bytes kept, for one shard and for all shards of a node together. Entries beyond it are encoded again. */
const mostBytes = 4 * 1024 * 1024;
const nodeBytes = 24 * 1024 * 1024;

/** Field number of Append.entries, and of the entries in records of the log. */
export const entriesField = 4;
/** Estimated bytes of an entry beside its writes, and of a write beside its key and value: tags, lengths, seq and epoch. */
const overheadBytes = 12;
const writeOverheadBytes = 6;

export class EntryBlocks {
  readonly #writer = new ProtobufWriter();
  /** Oldest first. */
  readonly #blocks: Block[] = [];
  readonly #maxBytes: number;
  #bytes = 0;
  /** The message that is being handled. */
  #received: ReceivedAppend | undefined;

  /** @param shardCount number of shards of the node, which share its memory. */
  constructor(shardCount = 1) {
    this.#maxBytes = Math.min(mostBytes, nodeBytes / shardCount);
  }

  /** Total bytes of the blocks kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Forgets every entry: they are to be encoded in another format. */
  clear(): void {
    this.#blocks.length = 0;
    this.#bytes = 0;
  }

  /** While `handle` runs, the entries that were received need not be encoded. Nothing of their frame is kept after that. */
  whileReceived(received: ReceivedAppend, handle: () => void): void {
    this.#received = received;
    try {
      handle();
    } finally {
      this.#received = undefined;
    }
  }

  /** @returns the field `entries` of an Append, in pieces to be concatenated. The seqs of `entries` must be consecutive. */
  encode(entries: readonly LogEntry[]): Buffer[] {
    const received = entries === this.#received?.entries ? this.#received.encodedEntries : undefined;
    if (received !== undefined) return [received];
    if (entries.length === 0) return [];
    // The batch of the first backup is nearly always that of the second, too.
    const block = this.#find(entries[0]!) ?? this.#add(entries, 0);
    if (block.entries === entries && block.first === 0) return [block.bytes];
    const pieces: Buffer[] = [];
    let done = 0;
    while (done < entries.length) {
      const { entries: known, first, bytes, ends } = this.#find(entries[done]!) ?? this.#add(entries, done);
      const from = entries[done]!.seq - known[first]!.seq;
      let to = from;
      while (to < ends.length && known[first + to] === entries[done]) {
        to++;
        done++;
      }
      pieces.push(bytes.subarray(from === 0 ? 0 : ends[from - 1]!, ends[to - 1]!));
    }
    return pieces;
  }

  /** Compares entries by identity, as `encode` does: the log may have been cut at a seq, and another entry written there. */
  #find(entry: LogEntry): Block | undefined {
    for (let i = this.#blocks.length - 1; i >= 0; i--) {
      const block = this.#blocks[i]!;
      const { entries, first } = block;
      if (entries[first + entry.seq - entries[first]!.seq] === entry && entry.seq >= entries[first]!.seq) return block;
    }
    return undefined;
  }

  #add(entries: readonly LogEntry[], first: number): Block {
    const ends: number[] = [];
    for (let i = first; i < entries.length; i++) {
      writeEntry(this.#writer, entries[i]!);
      ends.push(this.#writer.length);
    }
    const block = { entries, first, bytes: this.#writer.take(), ends };
    this.#blocks.push(block);
    this.#bytes += block.bytes.length;
    while (this.#blocks.length > maxBlocks || this.#bytes > this.#maxBytes) {
      this.#bytes -= this.#blocks.shift()!.bytes.length;
    }
    return block;
  }
}

/** Those of all shards of a node. */
export class NodeEntryBlocks {
  readonly #shardCount: number;
  readonly #shards = new Map<number, EntryBlocks>();

  constructor(shardCount: number) {
    this.#shardCount = shardCount;
  }

  of(shard: number): EntryBlocks {
    const blocks = this.#shards.get(shard) ?? new EntryBlocks(this.#shardCount);
    this.#shards.set(shard, blocks);
    return blocks;
  }
}

function writeEntry(writer: ProtobufWriter, { seq, epoch, writes, request, atMs }: LogEntry): void {
  writer.begin(entriesField, estimatedBytes(writes) + (request === undefined ? 0 : requestMessageBytes));
  writer.uint64(1, seq);
  writer.uint64(2, epoch);
  for (const { key, value, expiresAtMs } of writes) {
    writer.begin(3, writeOverheadBytes + key.length + (value?.length ?? 0));
    writer.string(1, key);
    if (value !== undefined) writer.bytes(2, value);
    if (expiresAtMs !== undefined) writer.uint64(3, expiresAtMs);
    writer.end();
  }
  if (request !== undefined) writeRequest(writer, 4, request, 0, writes[0]?.value);
  if (atMs !== undefined) writer.uint64(5, atMs);
  writer.end();
}

function estimatedBytes(writes: readonly KeyWrite[]): number {
  let bytes = overheadBytes;
  for (const { key, value } of writes) bytes += writeOverheadBytes + key.length + (value?.length ?? 0);
  return bytes;
}
