/**
 * The bodies of Append, its answer and Sync, written and read by hand. FlatMessage cannot describe lists, and costs too much for the
 * answer: every write of every shard has one from each backup.
 */
import type { BodyOf, EpochMark, EpochRun, LogEntry } from '../../replication/index.js';
import { MalformedMessage, type ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { EntryReader, entriesTag, groupsTag } from './entry-reader.js';
import type { Envelope, ReplicaHeader } from './envelope.js';

const varint1 = tagOf(1, 'varint');
const varint2 = tagOf(2, 'varint');
const varint3 = tagOf(3, 'varint');
const bytes3 = tagOf(3, 'bytes');
const varint4 = tagOf(4, 'varint');
const varint5 = tagOf(5, 'varint');

/** @param header the epochs are left out if all of them are that of the header, as they nearly always are. */
export function writeAppend(
  writer: ProtobufWriter,
  header: Pick<ReplicaHeader, 'epoch' | 'epochId'>,
  append: BodyOf<'append'>,
  entries: readonly Uint8Array[],
): void {
  const { number, prevSeq, prevEpoch, prevEpochId, runs, commitIndex, flush } = append;
  writer.uint64(1, number);
  writer.uint64(2, prevSeq);
  for (const piece of entries) writer.raw(piece);
  writer.uint64(5, commitIndex);
  writer.bool(9, flush);
  if (isOfOneEpoch(append, header)) return writer.bool(8, true);
  writer.uint64(3, prevEpoch);
  writer.string(6, prevEpochId);
  for (const run of runs) writeRun(writer, 7, run);
}

function isOfOneEpoch(
  { prevSeq, prevEpoch, prevEpochId, runs }: BodyOf<'append'>,
  { epoch, epochId }: Pick<ReplicaHeader, 'epoch' | 'epochId'>,
): boolean {
  if (prevEpoch !== epoch || prevEpochId !== epochId || runs.length !== 1) return false;
  const run = runs[0]!;
  return run.epoch === epoch && run.id === epochId && run.firstSeq === prevSeq + 1;
}

/** Never changed: an Append begins with them. */
const noRuns: EpochRun[] = [];
const noEntries: readonly LogEntry[] = [];

/** An Append as it was received. */
export class ReceivedAppend implements BodyOf<'append'> {
  readonly type = 'append';
  number = 0;
  prevSeq = 0;
  prevEpoch = 0;
  prevEpochId = '';
  runs: EpochRun[] = noRuns;
  entries: readonly LogEntry[] = noEntries;
  commitIndex = 0;
  flush = false;
  readonly #frame: Buffer;
  #start = 0;
  #end = 0;
  #areTogether = true;

  constructor(frame: Buffer) {
    this.#frame = frame;
  }

  /** The fields `entries` and `groups`. It is a view of the frame, so it is to be kept no longer than the message is handled. */
  get encodedEntries(): Buffer | undefined {
    return this.#areTogether ? this.#frame.subarray(this.#start, this.#end) : undefined;
  }

  /** A field with entries lies from `start` up to `end`. */
  noteEntries(start: number, end: number): void {
    if (this.#end === 0) this.#start = start;
    else if (start !== this.#end) this.#areTogether = false;
    this.#end = end;
  }
}

export function readAppend(reader: ProtobufReader, { bytes, header }: Pick<Envelope, 'bytes' | 'header'>): ReceivedAppend {
  let isOfHeadersEpoch = false;
  const append = new ReceivedAppend(bytes);
  const entryReader = new EntryReader(reader);
  while (reader.more) {
    const { position } = reader;
    const tag = reader.tag();
    if (tag === groupsTag || tag === entriesTag) {
      entryReader.read(tag);
      append.noteEntries(position, reader.position);
    } else if (readEpochField(reader, tag, append)) continue;
    else if (tag === varint1) append.number = reader.varint();
    else if (tag === varint2) append.prevSeq = reader.varint();
    else if (tag === varint5) append.commitIndex = reader.varint();
    else if (tag === tagOf(8, 'varint')) isOfHeadersEpoch = reader.bool();
    else if (tag === tagOf(9, 'varint')) append.flush = reader.bool();
    else reader.skip(tag);
  }
  append.entries = entryReader.entries;
  if (isOfHeadersEpoch && header !== undefined) {
    append.prevEpoch = header.epoch;
    append.prevEpochId = header.epochId;
    append.runs = [...append.runs, { epoch: header.epoch, id: header.epochId, firstSeq: append.prevSeq + 1 }];
  }
  return append;
}

/** A replica that appended entries which do not follow would end, so they are refused with their message. @throws MalformedMessage */
export function checkSequence({ prevSeq, entries }: ReceivedAppend): void {
  for (let at = 0; at < entries.length; at++) {
    if (entries[at]!.seq !== prevSeq + 1 + at)
      throw new MalformedMessage(`entry ${entries[at]!.seq} of an append does not follow entry ${prevSeq + at}`);
  }
}

/** Fields that are 0 or false are left out. */
export function writeAppendAnswer(writer: ProtobufWriter, answer: BodyOf<'appendAnswer'>): void {
  const { number, mismatch, ackedSeq, unflushed } = answer;
  if (number !== 0) writer.uint64(1, number);
  if (mismatch) writer.bool(2, true);
  if (ackedSeq !== 0) writer.uint64(3, ackedSeq);
  if (unflushed !== 0) writer.uint64(4, unflushed);
}

export function readAppendAnswer(reader: ProtobufReader): BodyOf<'appendAnswer'> {
  let number = 0;
  let mismatch = false;
  let ackedSeq = 0;
  let unflushed = 0;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === varint1) number = reader.varint();
    else if (tag === varint2) mismatch = reader.bool();
    else if (tag === varint3) ackedSeq = reader.varint();
    else if (tag === varint4) unflushed = reader.varint();
    else reader.skip(tag);
  }
  return { type: 'appendAnswer', number, mismatch, ackedSeq, unflushed };
}

/** The fields of Append that name epochs. */
interface AppendEpochs {
  prevEpoch: number;
  prevEpochId: string;
  runs: EpochRun[];
}

/** False: the field names no epoch, and was not read. */
function readEpochField(reader: ProtobufReader, tag: number, append: AppendEpochs): boolean {
  if (tag === varint3) append.prevEpoch = reader.varint();
  else if (tag === tagOf(6, 'bytes')) append.prevEpochId = reader.string();
  else if (tag === tagOf(7, 'bytes')) append.runs = [...append.runs, readRun(reader)];
  else return false;
  return true;
}

export function writeSync(writer: ProtobufWriter, sync: BodyOf<'sync'>): void {
  const { number, log, lineage, commitIndex, timeMs, timeOffsetMs } = sync;
  writer.uint64(1, number);
  writer.uint64(2, log.baseSeq);
  writer.uint64(3, log.baseEpoch);
  writer.uint64(4, log.lastSeq);
  for (const run of log.history) writeRun(writer, 5, run);
  writer.uint64(6, commitIndex);
  writer.string(7, log.baseEpochId);
  for (const mark of lineage) writeMark(writer, 8, mark);
  writer.uint64(9, timeMs);
  writer.uint64(10, zigzag(timeOffsetMs));
}

export function writeRun(writer: ProtobufWriter, field: number, { epoch, id, firstSeq }: EpochRun): void {
  writer.begin(field);
  writer.uint64(1, epoch);
  writer.uint64(2, firstSeq);
  writer.string(3, id);
  writer.end();
}

function writeMark(writer: ProtobufWriter, field: number, { epoch, id, removals = 0 }: EpochMark): void {
  writer.begin(field);
  writer.uint64(1, epoch);
  writer.string(3, id);
  writer.uint64(4, removals);
  writer.end();
}

export function readSync(reader: ProtobufReader): BodyOf<'sync'> {
  const lineage: EpochMark[] = [];
  const log = { baseSeq: 0, baseEpoch: 0, baseEpochId: '', lastSeq: 0, history: [] as EpochRun[] };
  const sync = { type: 'sync' as const, number: 0, log, lineage, commitIndex: 0, timeMs: 0, timeOffsetMs: 0 };
  while (reader.more) {
    const tag = reader.tag();
    if (readPositionField(reader, tag, log)) continue;
    if (tag === varint1) sync.number = reader.varint();
    else if (tag === tagOf(6, 'varint')) sync.commitIndex = reader.varint();
    else if (tag === tagOf(8, 'bytes')) lineage.push(readMark(reader));
    else if (tag === tagOf(9, 'varint')) sync.timeMs = reader.varint();
    else if (tag === tagOf(10, 'varint')) sync.timeOffsetMs = fromZigzag(reader.varint());
    else reader.skip(tag);
  }
  return sync;
}

/** A log position, whose fields are among those of Sync. */
interface SyncedLog {
  baseSeq: number;
  baseEpoch: number;
  baseEpochId: string;
  lastSeq: number;
  readonly history: EpochRun[];
}

/** False: the field is none of the position's, and was not read. */
function readPositionField(reader: ProtobufReader, tag: number, log: SyncedLog): boolean {
  if (tag === varint2) log.baseSeq = reader.varint();
  else if (tag === varint3) log.baseEpoch = reader.varint();
  else if (tag === tagOf(4, 'varint')) log.lastSeq = reader.varint();
  else if (tag === tagOf(5, 'bytes')) log.history.push(readRun(reader));
  else if (tag === tagOf(7, 'bytes')) log.baseEpochId = reader.string();
  else return false;
  return true;
}

/** As protobuf encodes a sint64, for whole numbers that are safe when doubled. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function fromZigzag(encoded: number): number {
  return encoded % 2 === 0 ? encoded / 2 : -(encoded + 1) / 2;
}

function readMark(reader: ProtobufReader): EpochMark {
  let [epoch, id, removals] = [0, '', 0];
  const outerEnd = reader.enter();
  while (reader.more) {
    const tag = reader.tag();
    if (tag === varint1) epoch = reader.varint();
    else if (tag === bytes3) id = reader.string();
    else if (tag === tagOf(4, 'varint')) removals = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  return removals === 0 ? { epoch, id } : { epoch, id, removals };
}

export function readRun(reader: ProtobufReader): EpochRun {
  const run = { epoch: 0, id: '', firstSeq: 0 };
  const outerEnd = reader.enter();
  while (reader.more) {
    const tag = reader.tag();
    if (tag === varint1) run.epoch = reader.varint();
    else if (tag === varint2) run.firstSeq = reader.varint();
    else if (tag === bytes3) run.id = reader.string();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  return run;
}
