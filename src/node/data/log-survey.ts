/**
 * The first reading of the log at a start: which replicas exist, which snapshot the log of each continues, and where a replay of it may
 * begin. Only then the snapshots can be loaded, and the entries above them be applied in a second reading.
 */
import { mayBeginAt, type ReplicaMetadata, StoredLog, type StoredSnapshot } from '../../replication/index.js';
import { type LoggedRecord, type LoggedReplica, type LogScan, SegmentIndex } from '../../storage/wal/index.js';
import { readAppliedSeq, readChange, readRuns } from '../../wire/disk/change-records.js';
import { recordTypes } from '../../wire/disk/record-types.js';
import { readReference, readRenamed, readReplica, type SnapshotReference } from '../../wire/disk/replica-records.js';
import type { Reset } from './replica-state.js';
import { emptyAfter } from './snapshot-base.js';

/** Metadata in a segment: a replay may begin there. */
export interface ReplayPlace {
  readonly segment: number;
  readonly metadata: ReplicaMetadata;
}

/** A replica that exists at the end of the log. Plain data, which another thread may send. */
export interface SurveyedReplica {
  /** With its newest id. */
  readonly replica: LoggedReplica;
  /** All that it has had, oldest first: it has several if it was renamed. */
  readonly ids: readonly string[];
  /** Undefined: it has no complete copy. */
  readonly snapshot: SnapshotReference | undefined;
  /** Oldest first, at least one. */
  readonly places: readonly ReplayPlace[];
  /** The number of records after which the log is shorter, or begins anew (`isCut`). */
  readonly cuts: number;
  /** The last entry that was applied before the last record. */
  readonly appliedSeq: number;
  /** The log ends with entries of a rebase that a crash has interrupted: they do not count. */
  readonly hasParts: boolean;
  /** What is left of its log, and in which segments. */
  readonly stored: StoredLog['start'];
  readonly index: Pick<SegmentIndex, 'end' | 'places'>;
}

/** What the first reading has found. Plain data, as the replicas are. */
export interface SurveyedLog {
  /** The first segment that was to be read. */
  readonly first: number;
  /** See `StateStore`. */
  readonly namesEmptyCopies: boolean;
  readonly scan: Pick<LogScan, 'outcome' | 'segments' | 'headers' | 'emptySegments'>;
  readonly replicas: readonly SurveyedReplica[];
}

interface Found {
  replica: LoggedReplica;
  readonly ids: string[];
  snapshot: SnapshotReference | undefined;
  resets: number;
  readonly places: ReplayPlace[];
  cuts: number;
  appliedSeq: number;
  hasParts: boolean;
  readonly stored: StoredLog;
  readonly index: SegmentIndex;
}

const cutTypes: ReadonlySet<number> = new Set([recordTypes.truncate, recordTypes.reset, recordTypes.rebase]);

/** After a record of this type the log is shorter, or begins anew. */
export function isCut(type: number): boolean {
  return cutTypes.has(type);
}

/** The name of a replica by which records are assigned to it. */
export function logNameOf({ shard, id }: LoggedReplica): string {
  return `${shard}-${id}`;
}

export class LogSurvey {
  readonly #replicas = new Map<string, Found>();
  readonly #namesEmptyCopies: boolean;

  /** @param namesEmptyCopies see `StateStore` */
  constructor(namesEmptyCopies: boolean) {
    this.#namesEmptyCopies = namesEmptyCopies;
  }

  get replicas(): readonly SurveyedReplica[] {
    return [...this.#replicas.values()].map((found) => {
      const { end, places } = found.index;
      return { ...found, stored: found.stored.start, index: { end, places } };
    });
  }

  /** @throws Error if the record is of a replica that does not exist. */
  add(record: LoggedRecord): void {
    const { segment, replica, type, payload } = record;
    const name = logNameOf(replica);
    if (type === recordTypes.replica) return this.#addState(name, segment, replica, payload);
    const found = this.#replicas.get(name);
    if (found === undefined && type === recordTypes.left) return;
    if (found === undefined)
      throw new Error(
        `the log has a record of type ${type} of replica ${replica.id} of shard ${replica.shard}, which does not exist`,
      );
    found.hasParts = type === recordTypes.rebasePart;
    if (found.hasParts) return;
    if (isCut(type)) found.cuts++;
    // A log that begins anew may begin lower.
    if (type === recordTypes.reset || type === recordTypes.rebase) found.appliedSeq = 0;
    else if (type === recordTypes.append) found.appliedSeq = Math.max(found.appliedSeq, readAppliedSeq(payload));
    follow(found, record);
    if (type === recordTypes.left) this.#replicas.delete(name);
    else if (type === recordTypes.snapshot) found.snapshot = readReference(payload);
    else if (type === recordTypes.renamed) this.#rename(name, found, readRenamed(payload));
    else if (type === recordTypes.complete) found.snapshot = readChange(type, payload)?.snapshot;
    else if (type === recordTypes.reset) this.#addReset(found, readChange(type, payload)!.change as Reset);
  }

  #addReset(found: Found, change: Reset): void {
    found.resets++;
    const writerId = this.#namesEmptyCopies ? found.replica.id : '';
    found.snapshot = change.complete ? emptyAfter(change, writerId, found.resets) : undefined;
  }

  #addState(name: string, segment: number, replica: LoggedReplica, payload: Buffer): void {
    const { metadata, snapshot } = readReplica(payload);
    const found = this.#replicas.get(name) ?? newFound(replica, metadata);
    found.snapshot = snapshot;
    found.resets = metadata.resets;
    // A replay that begins between the records of a rebase would lack its first entries.
    if (!found.hasParts || found.places.length === 0) found.places.push({ segment, metadata });
    this.#replicas.set(name, found);
  }

  #rename(name: string, found: Found, id: string): void {
    this.#replicas.delete(name);
    found.replica = { shard: found.replica.shard, id };
    found.ids.push(id);
    this.#replicas.set(logNameOf(found.replica), found);
  }
}

function newFound(replica: LoggedReplica, { end }: ReplicaMetadata): Found {
  const stored = new StoredLog({ ...end, runs: [] });
  const index = new SegmentIndex(end.seq);
  return {
    replica,
    ids: [replica.id],
    snapshot: undefined,
    resets: 0,
    places: [],
    cuts: 0,
    appliedSeq: 0,
    hasParts: false,
    stored,
    index,
  };
}

/** The record changes the log of the replica, unless it has no end. */
function follow({ stored, index }: Found, { segment, type, end, payload }: LoggedRecord): void {
  if (end === undefined) return;
  if (type === recordTypes.reset || type === recordTypes.rebase) {
    stored.add(readChange(type, payload)!.change);
    return index.startAt(segment, end);
  }
  if (type === recordTypes.append) stored.append(index.end + 1, readRuns(payload));
  else if (type === recordTypes.truncate) stored.add({ type: 'truncate', afterSeq: end });
  index.add(segment, end);
}

/** Where the replay of a replica begins: as late as its snapshot permits, so that little of the log is read twice. */
export function placeToBegin(places: readonly ReplayPlace[], snapshot: StoredSnapshot | undefined): ReplayPlace {
  const mayBegin = ({ metadata }: ReplayPlace): boolean =>
    // A replica without a complete copy needs no entries.
    snapshot === undefined || mayBeginAt(metadata, snapshot);
  return places.findLast(mayBegin) ?? places[0]!;
}
