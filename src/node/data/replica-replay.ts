/** The replay of one replica's records over its base copy. */
import {
  type Change,
  type LogEntry,
  type LoggedMetadata,
  type RecoveredReplica,
  Replay,
  type StoredSnapshot,
} from '../../replication/index.js';
import { type LoggedRecord, type LoggedReplica, SegmentIndex } from '../../storage/wal/index.js';
import { type AppendChange, type RecordedChange, readChange, readRebasePart } from '../../wire/disk/change-records.js';
import { recordTypes } from '../../wire/disk/record-types.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';
import { valueView } from '../../wire/peer/entry-reader.js';
import { isCut, type ReplayPlace, type SurveyedReplica } from './log-survey.js';
import type { ReplicaState } from './replica-state.js';
import type { RecoveredState } from './state-store.js';

/** A replica with its data. */
export interface FoundReplica extends Pick<SurveyedReplica, 'ids' | 'hasParts'> {
  readonly logged: LoggedReplica;
  readonly index: SegmentIndex;
  readonly state: ReplicaState;
  readonly metadata: LoggedMetadata;
  readonly snapshot: SnapshotReference | undefined;
  readonly replica: RecoveredReplica;
}

/** A replica whose data cannot be used. */
export interface LostReplica {
  readonly logged: LoggedReplica;
  readonly problem: string;
}

export class ReplicaReplay {
  readonly surveyed: SurveyedReplica;
  readonly #state: ReplicaState;
  readonly #snapshot: StoredSnapshot | undefined;
  readonly #place: ReplayPlace;
  readonly #replay: Replay;
  #hasBegun = false;
  /** The number of cuts that are still to come. */
  #cutsAhead: number;
  #isSettled = false;
  /** Entries of the rebase that is to follow. */
  #parts: (readonly LogEntry[])[] = [];
  /** The replay begins above the snapshot: what is between has been written again. */
  #lacksEntries: boolean;

  constructor(
    surveyed: SurveyedReplica,
    { state, snapshot }: RecoveredState,
    place: ReplayPlace,
    bounds: { readonly retainEntries: number; readonly retainBytes: number },
  ) {
    const { metadata } = place;
    const { retainEntries, retainBytes } = bounds;
    const store = { apply: state.replay.bind(state), clear: state.clear.bind(state), rebased: state.rebased.bind(state) };
    this.surveyed = surveyed;
    this.#state = state;
    this.#snapshot = snapshot;
    this.#place = place;
    this.#cutsAhead = surveyed.cuts;
    this.#replay = new Replay({ metadata, snapshot, store, retainEntries, retainBytes });
    this.#lacksEntries = snapshot?.resets === metadata.resets && metadata.end.seq > snapshot.position.seq;
  }

  /** What is applied may be written to a database while the replay goes on. */
  begin(): void {
    this.#state.beginReplay(this.#replay);
  }

  /** Records before the place where the replay begins are ignored. */
  add({ segment, type, end, payload }: LoggedRecord): void {
    if (isCut(type)) this.#cutsAhead--;
    if (type === recordTypes.replica && segment === this.#place.segment) this.#hasBegun = true;
    if (!this.#hasBegun) return;
    if (type === recordTypes.rebasePart) return void this.#parts.push(readRebasePart(payload));
    const isKept = type !== recordTypes.append || end === undefined || !this.#replay.passes(end);
    const read = readChange(type, payload, isKept ? undefined : valueView);
    if (read === undefined) return;
    if (type === recordTypes.repeat) this.#repeat(read.change as AppendChange, read.appliedSeq);
    else this.#replay.add(wholeChange(read, this.#parts), read.appliedSeq);
    this.#parts = [];
    if (!this.#isSettled) this.#maybeSettle();
  }

  finish(): FoundReplica | LostReplica {
    const { replica: logged, snapshot } = this.surveyed;
    const { replica, problem } = this.#replay.finish();
    if (problem !== undefined) return { logged, problem };
    const { ids, stored, hasParts } = this.surveyed;
    const index = new SegmentIndex(this.surveyed.index.end, this.surveyed.index.places);
    const found = { ...replica, stored };
    const { metadata } = this.#replay;
    return { logged, ids, index, hasParts, state: this.#state, metadata, snapshot, replica: found };
  }

  /** Nothing is cut any more, so what the survey has found to be applied may be applied at once. */
  #maybeSettle(): void {
    if (this.#cutsAhead > 0 || this.#lacksEntries) return;
    this.#isSettled = true;
    this.#replay.settle(this.surveyed.appliedSeq);
  }

  /** The log holds these entries already, unless it begins after their first record. */
  #repeat({ entries, runs }: AppendChange, appliedSeq: number): void {
    const first = entries[0]?.seq;
    const base = this.#snapshot?.position.seq;
    // A database may hold some of them by now.
    if (this.#lacksEntries && base !== undefined && first !== undefined && first <= base + 1) {
      this.#lacksEntries = false;
      this.#replay.add({ type: 'truncate', afterSeq: base }, base);
    }
    if (this.#lacksEntries) return;
    const { seq: lastSeq } = this.#replay.metadata.current.end;
    const missing = entries.filter(({ seq }) => seq > lastSeq);
    if (missing.length > 0) this.#replay.add({ type: 'append', entries: missing, runs: runsFrom(runs, missing) }, appliedSeq);
  }
}

/** @param parts what the records before this one have of a rebase. */
function wholeChange({ change, parts: count = 0 }: RecordedChange, parts: readonly (readonly LogEntry[])[]): Change {
  if (change.type !== 'rebase' || count === 0) return change;
  if (parts.length >= count) return { ...change, entries: [...parts.slice(-count).flat(), ...change.entries] };
  // The segments with the first entries are gone, so the snapshot has all of them.
  return { ...change, baseSeq: change.entries.at(-1)!.seq, entries: [] };
}

/** The epochs of the last few of the entries. */
function runsFrom(runs: AppendChange['runs'], entries: AppendChange['entries']): AppendChange['runs'] {
  const first = entries[0]!.seq;
  return runs.filter((_run, index) => (runs[index + 1]?.firstSeq ?? Number.POSITIVE_INFINITY) > first);
}
