/**
 * Log entries that are encoded together, for messages between nodes and for records of the log. Written by hand, as every write of
 * every shard passes here.
 *
 * In format 6 each entry is a field of its own. From format 7 on, entries are in groups, which name the first seq, the epoch and the
 * clients once for all their entries (`EntryGroup` of proto/kv/internal/v1/replication.proto).
 */
import type { LogEntry } from '../../replication/index.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { encodeMessage } from '../protobuf/shared-writer.js';
import { expectedBytes, writeEntry, writeGroupedEntry } from './entry-writer.js';
import { GroupClients } from './group-clients.js';

/** Field numbers in Append, and in the records of the log: entries one by one, and groups of them. */
export const entriesField = 4;
export const groupsField = 10;
/** The first format in which entries are in groups. */
const firstGroupedFormat = 7;

export interface EncodedEntries {
  /** The encoded field or fields with all entries. */
  readonly bytes: Buffer;
  /** The encoded fields with the entries from the index `from` up to, and without, `to`: pieces to be concatenated. */
  slice(from: number, to: number): readonly Uint8Array[];
}

/** Encodes the entries from the index `first` on, of which there is at least one. Their seqs are consecutive. */
export function encodeEntries(
  writer: ProtobufWriter,
  format: number,
  entries: readonly LogEntry[],
  first: number,
): EncodedEntries {
  return format < firstGroupedFormat ? new EntryFields(writer, entries, first) : new EntryGroup(writer, entries, first);
}

class EntryFields implements EncodedEntries {
  readonly bytes: Buffer;
  /** Offset in `bytes` at which each entry ends. */
  readonly #ends: number[] = [];

  constructor(writer: ProtobufWriter, entries: readonly LogEntry[], first: number) {
    for (let at = first; at < entries.length; at++) {
      writeEntry(writer, entriesField, entries[at]!);
      this.#ends.push(writer.length);
    }
    this.bytes = writer.take();
  }

  slice(from: number, to: number): readonly Uint8Array[] {
    return [this.bytes.subarray(from === 0 ? 0 : this.#ends[from - 1]!, this.#ends[to - 1]!)];
  }
}

const clientsField = 1;
const firstSeqField = 2;
const epochField = 3;
const groupedField = 4;
/** Estimated bytes of a group without its entries. */
const headBytes = 24;

class EntryGroup implements EncodedEntries {
  readonly bytes: Buffer;
  readonly #clients: GroupClients;
  readonly #firstSeq: number;
  readonly #epoch: number;
  /** Offset in `bytes` of the first entry. */
  readonly #start: number;
  /** Offset from there at which each entry ends. */
  readonly #ends: number[] = [];

  constructor(writer: ProtobufWriter, entries: readonly LogEntry[], first: number) {
    const { seq, epoch } = entries[first]!;
    this.#firstSeq = seq;
    this.#epoch = epoch;
    this.#clients = new GroupClients(entries, first);
    let bytes = headBytes;
    for (let at = first; at < entries.length; at++) bytes += expectedBytes(entries[at]!);
    writer.begin(groupsField, bytes);
    this.#writeHead(writer, seq);
    const start = writer.length;
    for (let at = first; at < entries.length; at++) {
      writeGroupedEntry(writer, groupedField, entries[at]!, epoch, this.#clients);
      this.#ends.push(writer.length - start);
    }
    writer.end();
    this.bytes = writer.take();
    this.#start = this.bytes.length - this.#ends.at(-1)!;
  }

  /** A part of a group has a head of its own. */
  slice(from: number, to: number): readonly Uint8Array[] {
    const start = this.#start + (from === 0 ? 0 : this.#ends[from - 1]!);
    const entries = this.bytes.subarray(start, this.#start + this.#ends[to - 1]!);
    const head = encodeMessage((writer) => this.#writeHead(writer, this.#firstSeq + from));
    const opening = encodeMessage((writer) => writer.opening(groupsField, head.length + entries.length));
    return [opening, head, entries];
  }

  #writeHead(writer: ProtobufWriter, firstSeq: number): void {
    for (const client of this.#clients.ids) writer.string(clientsField, client);
    writer.uint64(firstSeqField, firstSeq);
    writer.uint64(epochField, this.#epoch);
  }
}
