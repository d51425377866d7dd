/** The base copies of a stopped node, read in portions: from its snapshot files, or from its database. */
import type { RecordedRequest, SnapshotItem, StoredSnapshot } from '../../replication/index.js';
import type { FoundCopy, StateDatabase } from '../../storage/database/index.js';
import { SnapshotDamagedError, type SnapshotFiles } from '../../storage/snapshots/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';
import { SnapshotContentDecoder } from '../../wire/disk/snapshot-content.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import type { SurveyedReplica } from '../data/log-survey.js';
import { requestsIn } from '../data/requests-in-parts.js';
import { emptySnapshotOf, snapshotFileName } from '../data/snapshot-base.js';
import { LostSnapshotError } from '../data/state-store.js';

/** Where a copy is. Its `throughSeq` is known only at its end. */
export type CopyStart = Omit<StoredSnapshot, 'throughSeq' | 'requests'>;

export interface SourceCopy {
  readonly shard: number;
  /** By which the log names the copy. */
  readonly reference: SnapshotReference;
  readonly start: CopyStart;
  /** To be read once, to the end. */
  readonly items: AsyncIterable<readonly SnapshotItem[]>;
  /** Gives up the reading. */
  close(): Promise<unknown>;
  /** After the items. */
  readonly end: () => { readonly throughSeq: number; readonly requests: readonly RecordedRequest[] };
}

/**
 * Undefined: there is nothing to convert, because the replica has no complete copy, or began empty and its log has everything since.
 * @throws Error for which `isDamage`
 */
export type ReadCopy = (replica: SurveyedReplica) => Promise<SourceCopy | undefined>;

/** Rows of a database that are read at once: their number, and about their bytes. */
const pageRows = 1_000;
const pageBytes = 1024 * 1024;
/** It follows every other character, so a page after a key begins here. */
const next = '\u0000';

export function copyInDatabase(database: Pick<StateDatabase, 'found' | 'page'>): ReadCopy {
  return async ({ replica: { shard }, snapshot: reference }) => {
    if (reference === undefined || reference.writerId === '') return undefined;
    const copy = database.found.find((each) => each.shard === shard);
    if (copy !== undefined && isOf(copy, reference)) return databaseCopy(copy, reference, database);
    const empty = emptySnapshotOf(reference);
    if (empty === undefined) throw new LostSnapshotError('the database does not hold it');
    return { shard, reference, start: empty, items: nothing(), end: () => empty, close: async () => {} };
  };
}

function isOf({ position }: FoundCopy, { writerId, resets }: SnapshotReference): boolean {
  return position.complete && position.writerId === writerId && position.resets === resets;
}

function databaseCopy(
  { shard, position, requests }: FoundCopy,
  reference: SnapshotReference,
  database: Pick<StateDatabase, 'page'>,
): SourceCopy {
  const { resets, seq, epoch, epochId, throughSeq, requestFloor, timeMs } = position;
  const start = { resets, position: { seq, epoch, epochId }, requestFloor, timeMs };
  const found = requestsIn(requests);
  return {
    shard,
    reference,
    start,
    items: pagesOf(shard, database),
    end: () => ({ throughSeq, requests: found }),
    close: async () => {},
  };
}

async function* pagesOf(shard: number, database: Pick<StateDatabase, 'page'>): AsyncIterable<SnapshotItem[]> {
  for (let from = ''; ; ) {
    const { rows, isExhausted } = await database.page(shard, { from, most: pageRows, maxBytes: pageBytes });
    const last = rows.at(-1);
    if (last === undefined) return;
    // What a page holds may be a view that the next one overwrites.
    yield rows.map(({ key, value, version, expiresAtMs }) => ({ key, value: Buffer.from(value!), version, expiresAtMs }));
    if (isExhausted) return;
    from = last.key + next;
  }
}

export function copyInFiles(files: Pick<SnapshotFiles, 'read'>, clusterId: string): ReadCopy {
  return async ({ replica: { shard }, snapshot: reference }) => {
    if (reference === undefined || reference.writerId === '') return undefined;
    const name = snapshotFileName(shard, reference)!;
    const reading = files.read(name);
    const decoder = new SnapshotContentDecoder();
    const first = await reading.next();
    if (first.done === true) throw new LostSnapshotError(`the snapshot file ${name} is empty`);
    decoder.add(first.value.payload, first.value.isEnd);
    const { head } = decoder;
    if (head?.clusterId !== clusterId || head.shard !== shard || head.writerId !== reference.writerId)
      throw new LostSnapshotError(`the snapshot file ${name} is that of another replica`);
    const { resets, seq, epoch, epochId, requestFloor, timeMs } = head;
    const start = { resets, position: { seq, epoch, epochId }, requestFloor, timeMs };
    return {
      shard,
      reference,
      start,
      items: itemsOf(reading, decoder),
      end: () => decoder.finish(),
      close: () => reading.return(undefined),
    };
  };
}

async function* itemsOf(
  reading: ReturnType<SnapshotFiles['read']>,
  decoder: SnapshotContentDecoder,
): AsyncIterable<readonly SnapshotItem[]> {
  for await (const { payload, isEnd } of reading) yield decoder.add(payload, isEnd);
}

async function* nothing(): AsyncIterable<readonly SnapshotItem[]> {}

/** The copy is not there, or does not hold what was written. */
export function isDamage(error: unknown): error is Error {
  return error instanceof LostSnapshotError || error instanceof SnapshotDamagedError || error instanceof MalformedMessage;
}
