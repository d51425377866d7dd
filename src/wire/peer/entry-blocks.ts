/**
 * The entries of an Append, encoded once for all backups.
 *
 * Each backup has a batch of its own under way, so two of them rarely begin and end at the same entries. What is encoded
 * for the one that comes first is kept as a block, and for the other one copied from it, which costs next to nothing.
 */
import type { LogEntry } from '../../replication/index.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';

interface Block {
  readonly entries: readonly LogEntry[];
  /** The first of `entries` that is in the block. */
  readonly first: number;
  readonly bytes: Buffer;
  /** Where each one ends. */
  readonly ends: readonly number[];
}

/** Enough for backups that are some batches apart; each keeps its entries alive. */
const maxBlocks = 4;
/** Of one shard, and of all shards of a node together: what takes more is encoded again. */
const mostBytes = 4 * 1024 * 1024;
const nodeBytes = 24 * 1024 * 1024;

/** Append.entries. */
const entriesField = 4;
/** What an entry has beside key and value: tags, lengths, seq and epoch. Only an estimate. */
const overheadBytes = 14;

export class EntryBlocks {
  readonly #writer = new ProtobufWriter();
  /** Oldest first. */
  readonly #blocks: Block[] = [];
  readonly #maxBytes: number;
  #bytes = 0;

  /** `shardCount`: those that share the memory of a node. */
  constructor(shardCount = 1) {
    this.#maxBytes = Math.min(mostBytes, nodeBytes / shardCount);
  }

  /** Of what is kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The field `entries` of an Append, in pieces to be put one after the other. Seqs follow one another. */
  encode(entries: readonly LogEntry[]): Buffer[] {
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

  /** By identity, here and for each entry that follows: what lies under a seq may have been cut and written anew. */
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

function writeEntry(writer: ProtobufWriter, { seq, epoch, key, value }: LogEntry): void {
  writer.begin(entriesField, overheadBytes + key.length + (value?.length ?? 0));
  writer.uint64(1, seq);
  writer.uint64(2, epoch);
  writer.string(3, key);
  if (value !== undefined) writer.bytes(4, value);
  writer.end();
}
