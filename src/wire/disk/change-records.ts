/**
 * Codec of changes as records of the write-ahead log. Entries have the same bytes as in messages between nodes, so an entry that is
 * sent to backups is encoded once.
 *
 * Each record has the seq that the replica had applied before the change (see `Replay.add`).
 */
import type { Change, EpochRun, LogEntry } from '../../replication/index.js';
import { readRun, writeRun } from '../peer/append-body.js';
import type { EntryBlocks } from '../peer/entry-blocks.js';
import { EntryReader, entriesTag, groupsTag, type TakeValue } from '../peer/entry-reader.js';
import { MessageTable } from '../protobuf/message-table.js';
import { ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { encodeMessage } from '../protobuf/shared-writer.js';
import { type RecordType, recordTypes } from './record-types.js';
import { lineTable, referenceTable, type SnapshotReference } from './replica-records.js';

/** The changes that have a record of their own. What a snapshot brings is in a file, which `encodeComplete` names. */
export type LoggedChange = Exclude<Change, { type: 'load' | 'loadRequests' | 'complete' }>;

export type AppendChange = Extract<Change, { type: 'append' }>;

/** A record before it is written: its pieces follow each other. */
export interface EncodedRecord {
  readonly type: RecordType;
  readonly pieces: readonly Uint8Array[];
}

/** What was read from a record. */
export interface RecordedChange {
  readonly change: Change;
  readonly appliedSeq: number;
  /** With `complete`: the file that holds what was received. */
  readonly snapshot?: SnapshotReference | undefined;
  /** With `rebase`: the number of records before this one that have its first entries. */
  readonly parts?: number | undefined;
}

type FieldsOf<Type extends Change['type']> = Omit<Extract<Change, { type: Type }>, 'type'> & { readonly appliedSeq: number };

/** The fields of records with entries, beside these. */
interface EntriesHead {
  readonly appliedSeq: number;
  readonly baseSeq: number;
  readonly baseEpoch: number;
  readonly baseEpochId: string;
  readonly runs: readonly EpochRun[];
  /** Of a `rebase`: see `RecordedChange`. */
  readonly parts: number;
}

const appliedField = [1, 'uint'] as const;
const runsField = 7;
const runTable = new MessageTable<EpochRun>({ epoch: [1, 'uint'], firstSeq: [2, 'uint'], id: [3, 'string'] });
const entriesHeadTable = new MessageTable<EntriesHead>({
  appliedSeq: appliedField,
  baseSeq: [2, 'uint'],
  baseEpoch: [3, 'uint'],
  baseEpochId: [5, 'string'],
  runs: [runsField, [runTable]],
  parts: [8, 'uint'],
});
const truncateTable = new MessageTable<FieldsOf<'truncate'>>({ appliedSeq: appliedField, afterSeq: [2, 'uint'] });
const epochTable = new MessageTable<FieldsOf<'epoch'>>({
  appliedSeq: appliedField,
  history: [2, 'string'],
  epoch: [3, 'uint'],
  epochId: [4, 'string'],
  removals: [5, 'uint'],
});
const lineChangeTable = new MessageTable<FieldsOf<'line'>>({ appliedSeq: appliedField, line: [2, lineTable] });
const resetTable = new MessageTable<FieldsOf<'reset'>>({
  appliedSeq: appliedField,
  baseSeq: [2, 'uint'],
  baseEpoch: [3, 'uint'],
  baseEpochId: [4, 'string'],
  complete: [5, 'bool'],
  requestFloor: [6, 'uint'],
  timeMs: [7, 'uint'],
});
const timeTable = new MessageTable<FieldsOf<'time'>>({
  appliedSeq: appliedField,
  timeMs: [2, 'uint'],
  isCorrection: [3, 'bool'],
});
const completeTable = new MessageTable<{ readonly appliedSeq: number; readonly snapshot: SnapshotReference }>({
  appliedSeq: appliedField,
  snapshot: [2, referenceTable],
});

/** @param appliedSeq the last entry that the replica has applied. */
export function encodeChange(change: LoggedChange, appliedSeq: number, blocks: EntryBlocks): EncodedRecord {
  switch (change.type) {
    case 'append':
      return withEntries('append', appendHead(appliedSeq, change.runs), change.entries, blocks);
    case 'rebase':
      return withEntries('rebase', entriesHeadTable.encode({ ...change, appliedSeq }), change.entries, blocks);
    case 'truncate':
      return { type: recordTypes.truncate, pieces: [truncateTable.encode({ ...change, appliedSeq })] };
    case 'epoch':
      return { type: recordTypes.epoch, pieces: [epochTable.encode({ ...change, appliedSeq })] };
    case 'line':
      return { type: recordTypes.line, pieces: [lineChangeTable.encode({ ...change, appliedSeq })] };
    case 'reset':
      return { type: recordTypes.reset, pieces: [resetTable.encode({ ...change, appliedSeq })] };
    case 'time':
      return { type: recordTypes.time, pieces: [timeTable.encode({ ...change, appliedSeq })] };
  }
}

/** The copy is complete, with the snapshot that was received. */
export function encodeComplete(appliedSeq: number, snapshot: SnapshotReference): EncodedRecord {
  return { type: recordTypes.complete, pieces: [completeTable.encode({ appliedSeq, snapshot })] };
}

/** Entries that are in the log already. A replay needs them only if it begins after their first record. */
export function encodeRepeat({ entries, runs }: AppendChange, appliedSeq: number, blocks: EntryBlocks): EncodedRecord {
  return withEntries('repeat', appendHead(appliedSeq, runs), entries, blocks);
}

/**
 * A rebase whose entries are too large for one record: all records but the last one have entries that do not count without it. So a crash
 * keeps the whole change or nothing of it.
 *
 * @param parts the entries, for each record
 */
export function* encodeRebase(
  rebase: Extract<Change, { type: 'rebase' }>,
  parts: readonly (readonly LogEntry[])[],
  appliedSeq: number,
  blocks: EntryBlocks,
): Iterable<EncodedRecord> {
  const before = parts.slice(0, -1);
  for (const entries of before) yield withEntries('rebasePart', entriesHeadTable.encode({ appliedSeq }), entries, blocks);
  const head = entriesHeadTable.encode({ ...rebase, appliedSeq, parts: before.length });
  yield withEntries('rebase', head, parts.at(-1) ?? [], blocks);
}

/** The entries of a `rebasePart`. */
export function readRebasePart(payload: Buffer): readonly LogEntry[] {
  return readEntries(payload).entries;
}

/** Written by hand: there are nearly as many of these records as turns of the event loop in which a shard has writes. */
function appendHead(appliedSeq: number, runs: readonly EpochRun[]): Uint8Array {
  return encodeMessage((writer) => {
    writer.uint64(1, appliedSeq);
    for (const run of runs) writeRun(writer, runsField, run);
  });
}

function withEntries(
  type: 'append' | 'rebase' | 'rebasePart' | 'repeat',
  head: Uint8Array,
  entries: readonly LogEntry[],
  blocks: EntryBlocks,
): EncodedRecord {
  return { type: recordTypes[type], pieces: [head, ...blocks.encode(entries)] };
}

/**
 * @param takeValue makes the values of entries. Default: they have memory of their own.
 * @returns undefined for a record that is not of a change. @throws MalformedMessage
 */
export function readChange(type: number, payload: Buffer, takeValue?: TakeValue): RecordedChange | undefined {
  switch (type) {
    case recordTypes.append:
    case recordTypes.repeat: {
      const { appliedSeq, entries, runs } = readEntries(payload, takeValue);
      return { change: { type: 'append', entries, runs }, appliedSeq };
    }
    case recordTypes.rebase: {
      const { appliedSeq, runs: _, parts, ...rebase } = readEntries(payload);
      return { change: { type: 'rebase', ...rebase }, appliedSeq, parts: parts || undefined };
    }
    case recordTypes.truncate:
      return recorded('truncate', truncateTable.decode(payload));
    case recordTypes.epoch:
      return recorded('epoch', epochTable.decode(payload));
    case recordTypes.line:
      return recorded('line', lineChangeTable.decode(payload));
    case recordTypes.reset:
      return recorded('reset', resetTable.decode(payload));
    case recordTypes.time:
      return recorded('time', timeTable.decode(payload));
    case recordTypes.complete: {
      const { appliedSeq, snapshot } = completeTable.decode(payload);
      return { change: { type: 'complete' }, appliedSeq, snapshot };
    }
    default:
      return undefined;
  }
}

const appliedTag = tagOf(appliedField[0], 'varint');

/** The seq that the replica had applied before the change, for a reader that needs nothing else of the record. @throws MalformedMessage */
export function readAppliedSeq(payload: Buffer): number {
  const reader = new ProtobufReader(payload);
  // The first field of every record of a change; left out if it is 0.
  return reader.more && reader.tag() === appliedTag ? reader.varint() : 0;
}

function recorded<Type extends 'truncate' | 'epoch' | 'line' | 'reset' | 'time'>(
  type: Type,
  { appliedSeq, ...fields }: FieldsOf<Type>,
): RecordedChange {
  return { change: { type, ...fields } as unknown as Change, appliedSeq };
}

/** The epochs of the entries of an `append`, without reading the entries. */
export function readRuns(payload: Buffer): readonly EpochRun[] {
  const reader = new ProtobufReader(payload);
  const runs: EpochRun[] = [];
  while (reader.more) {
    const tag = reader.tag();
    // What describes the entries comes before them.
    if (tag === entriesTag || tag === groupsTag) break;
    if (tag === tagOf(runsField, 'bytes')) runs.push(readRun(reader));
    else reader.skip(tag);
  }
  return runs;
}

function readEntries(payload: Buffer, takeValue?: TakeValue): EntriesHead & { readonly entries: readonly LogEntry[] } {
  const reader = new ProtobufReader(payload);
  const entryReader = new EntryReader(reader, takeValue);
  const runs: EpochRun[] = [];
  const found = { appliedSeq: 0, baseSeq: 0, baseEpoch: 0, baseEpochId: '', parts: 0, runs };
  while (reader.more) {
    const tag = reader.tag();
    if (tag === entriesTag || tag === groupsTag) entryReader.read(tag);
    else if (tag === tagOf(1, 'varint')) found.appliedSeq = reader.varint();
    else if (tag === tagOf(2, 'varint')) found.baseSeq = reader.varint();
    else if (tag === tagOf(3, 'varint')) found.baseEpoch = reader.varint();
    else if (tag === tagOf(5, 'bytes')) found.baseEpochId = reader.string();
    else if (tag === tagOf(runsField, 'bytes')) runs.push(readRun(reader));
    else if (tag === tagOf(8, 'varint')) found.parts = reader.varint();
    else reader.skip(tag);
  }
  return { ...found, entries: entryReader.entries };
}
