/**
 * What a restart reads from a disk: a snapshot, the log from some checkpoint on, and metadata as of that checkpoint. All
 * three are as a node could have left them: a snapshot is taken while writes go on, and is used only with the log up to
 * its newest item; a checkpoint lies anywhere before the first entry that the snapshot lacks.
 */
import {
  type Change,
  type EpochMark,
  type LogEntry,
  LoggedMetadata,
  mayBeginAt,
  type RecoveredReplica,
  Replay,
  type ReplicaMetadata,
  type StoredSnapshot,
} from '../../src/replication/index.js';
import type { Random } from '../plan/random.js';
import { sameItem } from '../safety/same-bytes.js';
import { Store } from './store.js';
import type { VirtualDatabase } from './virtual-database.js';

/** A change that is durable, and the last entry that had been applied before. */
export interface DurableChange {
  readonly change: Change;
  readonly appliedSeq: number;
}

/** A snapshot that a joiner received. */
export interface LaidSnapshot {
  readonly baseSeq: number;
  readonly base: EpochMark;
  readonly throughSeq: number;
  readonly store: Store;
}

/** The log of a disk, from its last `reset` or `rebase` on. */
interface ReadLog {
  readonly replicaId: string;
  readonly complete: boolean;
  readonly baseSeq: number;
  readonly entries: readonly LogEntry[];
  markAt(seq: number): EpochMark;
  storeAt(seq: number): Store;
}

interface Choices {
  /** Snapshots have been taken from here on. */
  readonly leastSeq: number;
  /** Nothing later was applied in the process. */
  readonly mostSeq: number;
  readonly laid: LaidSnapshot | undefined;
  readonly retainEntries: number;
  readonly random: Random;
  /** Undefined: the store is recovered from snapshots. `removed`: the number of changes whose segments are gone. */
  readonly database: { readonly found: ReturnType<VirtualDatabase['find']>; readonly removed: number } | undefined;
}

interface FoundSnapshot {
  readonly mark: StoredSnapshot;
  readonly items: Store['items'];
}

/** `problem`: why the data cannot be used. */
export type FoundOnDisk =
  | { readonly replica: RecoveredReplica; readonly store: Store; readonly problem?: undefined }
  | { readonly problem: string };

export function recoverFrom(log: ReadLog, changes: readonly DurableChange[], choices: Choices): FoundOnDisk {
  const { database, random } = choices;
  const resets = changes.filter(({ change }) => change.type === 'reset').length;
  const found = database === undefined ? chooseSnapshot(log, resets, choices) : inDatabase(log, database);
  const mayBegin = (metadata: ReplicaMetadata): boolean =>
    !log.complete || (found !== undefined && mayBeginAt(metadata, found.mark));
  const { metadata, after } = chooseCheckpoint(changes, mayBegin, random, database?.removed ?? 0);
  const store = new Store({ items: found?.items ?? new Map() });
  const replay = new Replay({
    metadata,
    snapshot: found?.mark,
    store: { apply: (entries) => store.apply(entries), clear: () => store.items.clear(), rebased: () => {} },
    retainEntries: choices.retainEntries,
    retainBytes: Number.POSITIVE_INFINITY,
  });
  replayAll(replay, changes.slice(after));
  const { replica, problem } = replay.finish();
  if (replica === undefined && database !== undefined) return { problem };
  if (replica === undefined) throw new Error(`disk: ${log.replicaId} cannot start again: ${problem}`);
  if (replica.complete) requireSame(log, store, replica.appliedSeq);
  store.requests.reset(replica.requestFloor);
  store.requests.load(replica.requests);
  store.timeMs = replica.timeMs;
  return { replica, store };
}

/** As a node does, once it knows that no later change cuts the log; or as if it did not know. */
function replayAll(replay: Replay, changes: readonly DurableChange[]): void {
  const lastCut = changes.findLastIndex(({ change: { type } }) => type === 'truncate' || type === 'reset' || type === 'rebase');
  const settled = changes.slice(lastCut + 1).reduce((seq, { appliedSeq }) => Math.max(seq, appliedSeq), 0);
  const knowsCuts = changes.length % 2 === 0;
  for (const [index, { change, appliedSeq }] of changes.entries()) {
    if (knowsCuts && index === lastCut + 1) replay.settle(settled);
    replay.add(change, appliedSeq);
  }
}

/** The store is what the log up to there has made of it, whatever the snapshot was. */
function requireSame(log: ReadLog, { items }: Store, appliedSeq: number): void {
  const expected = log.storeAt(appliedSeq).items;
  const differs = [...expected].find(([key, item]) => !sameItem(items.get(key), item));
  if (differs !== undefined || items.size !== expected.size)
    throw new Error(
      `disk: ${log.replicaId} starts again at ${appliedSeq} with other items than it had, as under ${differs?.[0]}`,
    );
}

/** Undefined: the database has nothing of the copy that the log belongs to. */
function inDatabase({ complete }: ReadLog, { found }: NonNullable<Choices['database']>): FoundSnapshot | undefined {
  return found === undefined || !complete ? undefined : { mark: found.position, items: new Map(found.items) };
}

/** The number of changes, at most `most`, that are not needed with what the database holds. */
export function mostRemovable(changes: readonly DurableChange[], most: number, held: StoredSnapshot | undefined): number {
  const logged = new LoggedMetadata();
  let count = 0;
  for (const [index, { change, appliedSeq }] of changes.slice(0, most).entries()) {
    logged.add(change, appliedSeq);
    if (held !== undefined && mayBeginAt(logged.current, held)) count = index + 1;
  }
  return count;
}

/** Undefined: there is none, so the whole log is kept. */
function chooseSnapshot(log: ReadLog, resets: number, choices: Choices): FoundSnapshot | undefined {
  const { leastSeq, mostSeq, laid, random } = choices;
  if (!log.complete) return random.chance(0.5) ? undefined : outdated(resets);
  if (laid !== undefined && random.chance(0.5)) {
    const { baseSeq, base, throughSeq, store } = laid;
    return { mark: { ...markOf(store, baseSeq, base), resets, throughSeq }, items: store.items };
  }
  if (laid === undefined && random.chance(0.3)) return undefined;
  const seq = random.between(leastSeq, mostSeq);
  const throughSeq = random.between(seq, mostSeq);
  const store = log.storeAt(seq);
  const mark = { ...markOf(store, seq, log.markAt(seq)), resets, throughSeq };
  store.apply(whileScanned(log.entries.slice(seq - log.baseSeq, throughSeq - log.baseSeq), random));
  return { mark, items: store.items };
}

function markOf(
  { requests, timeMs }: Store,
  seq: number,
  { epoch, id }: EpochMark,
): Omit<StoredSnapshot, 'resets' | 'throughSeq'> {
  const position = { seq, epoch, epochId: id };
  return { position, requests: requests.export(seq), requestFloor: requests.floor, timeMs };
}

/** A snapshot of the copy that was discarded before this one. */
function outdated(resets: number): FoundSnapshot {
  const mark = { ...markOf(new Store(), 0, { epoch: 0, id: '' }), resets: resets - 1, throughSeq: 0 };
  return { mark, items: new Map([['outdated', { value: new Uint8Array(1), version: 1 }]]) };
}

/** The scan passes each key at some moment. It sees the writes of the key before that. */
function whileScanned(entries: readonly LogEntry[], random: Random): LogEntry[] {
  const passed = new Set<string>();
  return entries.map((entry) => {
    for (const { key } of entry.writes) if (random.chance(0.5)) passed.add(key);
    const writes = entry.writes.filter(({ key }) => !passed.has(key));
    return { seq: entry.seq, epoch: entry.epoch, writes };
  });
}

/**
 * Metadata before any of the changes at which a replay may begin, and the number of changes before it.
 * @param removed the number of changes that are gone; their metadata are where the log begins
 */
function chooseCheckpoint(
  changes: readonly DurableChange[],
  mayBegin: (metadata: ReplicaMetadata) => boolean,
  random: Random,
  removed: number,
): { readonly metadata: ReplicaMetadata; readonly after: number } {
  const logged = new LoggedMetadata();
  for (const { change, appliedSeq } of changes.slice(0, removed)) logged.add(change, appliedSeq);
  const checkpoints = [{ metadata: logged.current, after: removed }];
  for (const [index, { change, appliedSeq }] of changes.slice(removed).entries()) {
    logged.add(change, appliedSeq);
    if (mayBegin(logged.current)) checkpoints.push({ metadata: logged.current, after: removed + index + 1 });
  }
  return random.pick(checkpoints);
}
