/** Reads log entries, by themselves or in groups, from messages between nodes and from records of the log (encoded-entries.ts). */
import type { KeyWrite, LogEntry, RecordedAnswer, RecordedRequest } from '../../replication/index.js';
import { ownCopy, ownCopyOf } from '../protobuf/own-memory.js';
import { MalformedMessage, type ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { readAnswerField } from './answer-codec.js';
import { entriesField, groupsField } from './encoded-entries.js';
import { knownClients, readRequest } from './request-codec.js';

const varint1 = tagOf(1, 'varint');
const varint2 = tagOf(2, 'varint');
const varint3 = tagOf(3, 'varint');
const varint5 = tagOf(5, 'varint');
const bytes1 = tagOf(1, 'bytes');
const bytes2 = tagOf(2, 'bytes');
const bytes3 = tagOf(3, 'bytes');
const bytes4 = tagOf(4, 'bytes');
const bytes6 = tagOf(6, 'bytes');
const bytes7 = tagOf(7, 'bytes');

/** Makes the value of a write from the bytes from `start` up to `end`. */
export type TakeValue = (bytes: Buffer, start: number, end: number) => Uint8Array;

/** The value as a view of the bytes, for an entry that is not kept. */
export function valueView(bytes: Buffer, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** Never changed. A list that is made with its first item takes less memory than one that grows from nothing. */
const noClients: string[] = [];
const noEntries: LogEntry[] = [];

/** The tags of fields with entries, in Append and in records of the log. */
export const entriesTag = tagOf(entriesField, 'bytes');
export const groupsTag = tagOf(groupsField, 'bytes');

export class EntryReader {
  readonly #reader: ProtobufReader;
  readonly #takeValue: TakeValue;
  #entries = noEntries;
  /** The clients, the next seq and the epoch of the group that is being read; empty and 0 outside of groups. */
  #clients = noClients;
  #seq = 0;
  #epoch = 0;

  /** @param takeValue makes the values of writes. The recorded request of an entry has memory of its own in any case. */
  constructor(reader: ProtobufReader, takeValue: TakeValue = ownCopyOf) {
    this.#reader = reader;
    this.#takeValue = takeValue;
  }

  /** What was read so far. */
  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** Reads the content of the field with this tag, `entriesTag` or `groupsTag`. @throws MalformedMessage */
  read(tag: number): void {
    if (tag === groupsTag) this.#readGroup();
    else this.#add(this.#entry());
  }

  #add(entry: LogEntry): void {
    if (this.#entries === noEntries) this.#entries = [entry];
    else this.#entries.push(entry);
  }

  #readGroup(): void {
    const reader = this.#reader;
    const outerEnd = reader.enter();
    while (reader.more) {
      const tag = reader.tag();
      if (tag === bytes4) {
        if (this.#seq > Number.MAX_SAFE_INTEGER) throw new MalformedMessage('an entry with a seq beyond 2^53');
        this.#add(this.#entry());
        this.#seq++;
      } else if (tag === bytes1) this.#addClient(knownClients.read(reader));
      else if (tag === varint2) this.#seq = reader.varint();
      else if (tag === varint3) this.#epoch = reader.varint();
      else reader.skip(tag);
    }
    reader.leave(outerEnd);
    this.#clients = noClients;
    this.#seq = 0;
    this.#epoch = 0;
  }

  #addClient(client: string): void {
    if (this.#clients === noClients) this.#clients = [client];
    else this.#clients.push(client);
  }

  #entry(): LogEntry {
    const reader = this.#reader;
    let seq = this.#seq;
    let epoch = this.#epoch;
    // Most entries have one write. A list that grows by itself begins with room for 17.
    let writes: KeyWrite[] | undefined;
    let request: RecordedRequest | undefined;
    let answer: RecordedAnswer | undefined;
    let atMs: number | undefined;
    const outerEnd = reader.enter();
    while (reader.more) {
      const tag = reader.tag();
      if (tag === bytes3) {
        const write = this.#keyWrite();
        if (writes === undefined) writes = [write];
        else writes.push(write);
      } else if (tag === bytes7) request = this.#requestOf(seq, answer);
      else if (tag === varint1) seq = reader.varint();
      else if (tag === varint2) epoch = reader.varint();
      else if (tag === bytes4) request = this.#wholeRequest(seq, writes?.[0]?.value);
      else if (tag === bytes6) answer = this.#owned(readAnswerField(reader, writes?.[0]?.value));
      else if (tag === varint5) atMs = reader.varint();
      else reader.skip(tag);
    }
    reader.leave(outerEnd);
    writes ??= [];
    return atMs === undefined ? { seq, epoch, writes, request } : { seq, epoch, writes, request, atMs };
  }

  /** The request of an entry in a group, from its numbers. */
  #requestOf(seq: number, answer: RecordedAnswer | undefined): RecordedRequest {
    const reader = this.#reader;
    const outerEnd = reader.enter();
    const client = this.#clients[reader.varint()];
    const number = reader.varint();
    const lowest = number - reader.varint();
    const fingerprint = reader.varint();
    reader.leave(outerEnd);
    if (client === undefined || lowest < 0) throw new MalformedMessage('the request of an entry does not fit its group');
    return { client, number, lowest, fingerprint, floor: 0, seq, answer };
  }

  #wholeRequest(seq: number, written: Uint8Array | undefined): RecordedRequest {
    const request = readRequest(this.#reader, seq, written);
    const { answer } = request;
    return answer === undefined ? request : { ...request, answer: this.#owned(answer) };
  }

  /** Copies the sum of an increment: it is the value that its entry writes, which may be a view. */
  #owned(answer: RecordedAnswer): RecordedAnswer {
    if (answer.kind !== 'counted' || this.#takeValue === ownCopyOf) return answer;
    return { kind: 'counted', sum: ownCopy(answer.sum) };
  }

  #keyWrite(): KeyWrite {
    const reader = this.#reader;
    let key = '';
    let value: Uint8Array | undefined;
    let expiresAtMs: number | undefined;
    const outerEnd = reader.enter();
    while (reader.more) {
      const tag = reader.tag();
      if (tag === bytes1) key = reader.string();
      else if (tag === bytes2) value = this.#takeValue(reader.buffer, reader.bytes(), reader.position);
      else if (tag === varint3) expiresAtMs = reader.varint();
      else reader.skip(tag);
    }
    reader.leave(outerEnd);
    return expiresAtMs === undefined ? { key, value } : { key, value, expiresAtMs };
  }
}
