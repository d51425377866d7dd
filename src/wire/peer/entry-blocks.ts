/**
 * Cache of the encoded log entries of a shard. So a primary encodes an entry once, for its own log on disk and for all backups, and a
 * backup with a log on disk writes the bytes that it has received.
 *
 * Each backup has its own batch in flight, so the batches of two backups rarely begin and end at the same entries. The entries
 * encoded first, for the log or for a backup, are kept as a block. The other messages copy slices of that block, which is cheap.
 */
import type { ClusterFormat } from '../../formats.js';
import type { LogEntry } from '../../replication/index.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import type { ReceivedAppend } from './append-body.js';
import { type EncodedEntries, encodeEntries } from './encoded-entries.js';

/** Entries that were encoded together. */
interface Block {
  readonly entries: readonly LogEntry[];
  /** Index in `entries` of the first entry that is in the block. */
  readonly first: number;
  readonly encoded: EncodedEntries;
}

/** Limits the blocks kept: enough for backups that are a few batches apart. A block also keeps its decoded entries alive. */
const maxBlocks = 4;
/** Limit the bytes kept, for one shard and for all shards of a node together. Entries beyond it are encoded again. */
const mostBytes = 4 * 1024 * 1024;
const nodeBytes = 24 * 1024 * 1024;

export class EntryBlocks {
  readonly #writer = new ProtobufWriter();
  /** Oldest first. */
  readonly #blocks: Block[] = [];
  readonly #format: Pick<ClusterFormat, 'inUse'>;
  /** That of the blocks. */
  #formatVersion: number;
  readonly #maxBytes: number;
  #bytes = 0;
  /** The message that is being handled. */
  #received: ReceivedAppend | undefined;

  /** @param shardCount number of shards of the node, which share its memory. */
  constructor(format: Pick<ClusterFormat, 'inUse'>, shardCount = 1) {
    this.#format = format;
    this.#formatVersion = format.inUse;
    this.#maxBytes = Math.min(mostBytes, nodeBytes / shardCount);
  }

  /** Total bytes of the blocks kept. */
  get bytes(): number {
    return this.#bytes;
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

  /** @returns the fields of an Append that have its entries, in pieces to be concatenated. The seqs of `entries` must be consecutive. */
  encode(entries: readonly LogEntry[]): readonly Uint8Array[] {
    const received = entries === this.#received?.entries ? this.#received.encodedEntries : undefined;
    if (received !== undefined) return [received];
    if (entries.length === 0) return [];
    this.#followFormat();
    // The batch of the first backup is nearly always that of the second, too.
    const block = this.#find(entries[0]!) ?? this.#add(entries, 0);
    if (block.entries === entries && block.first === 0) return [block.encoded.bytes];
    const pieces: Uint8Array[] = [];
    let done = 0;
    while (done < entries.length) {
      const { entries: known, first, encoded } = this.#find(entries[done]!) ?? this.#add(entries, done);
      const from = entries[done]!.seq - known[first]!.seq;
      let to = from;
      while (first + to < known.length && known[first + to] === entries[done]) {
        to++;
        done++;
      }
      pieces.push(...encoded.slice(from, to));
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
    const block = { entries, first, encoded: encodeEntries(this.#writer, this.#formatVersion, entries, first) };
    this.#blocks.push(block);
    this.#bytes += block.encoded.bytes.length;
    while (this.#blocks.length > maxBlocks || this.#bytes > this.#maxBytes) {
      this.#bytes -= this.#blocks.shift()!.encoded.bytes.length;
    }
    return block;
  }

  /** Entries that were encoded in an older format are encoded again. */
  #followFormat(): void {
    const { inUse } = this.#format;
    if (inUse === this.#formatVersion) return;
    this.#formatVersion = inUse;
    this.#blocks.length = 0;
    this.#bytes = 0;
  }
}

/** Those of all shards of a node. */
export class NodeEntryBlocks {
  readonly #format: Pick<ClusterFormat, 'inUse'>;
  readonly #shardCount: number;
  readonly #shards = new Map<number, EntryBlocks>();

  constructor(format: Pick<ClusterFormat, 'inUse'>, shardCount: number) {
    this.#format = format;
    this.#shardCount = shardCount;
  }

  of(shard: number): EntryBlocks {
    const blocks = this.#shards.get(shard) ?? new EntryBlocks(this.#format, this.#shardCount);
    this.#shards.set(shard, blocks);
    return blocks;
  }
}
