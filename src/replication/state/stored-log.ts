/**
 * What the storage still has of a replica's log, as its changes state it: every entry above a base, also those that the log in memory
 * has dropped. Only the epochs of the entries are here. A primary asks its storage for the entries that a replica lacks (R10).
 */
import type { Change } from '../protocol/effect.js';
import type { Seq } from '../protocol/ids.js';
import type { EpochMark } from '../protocol/lineage.js';
import type { EpochRun, LogPosition } from '../protocol/log-position.js';
import type { StoredStart } from '../protocol/recovered.js';

/** Sync names the epochs down to the base, so their number is bounded. `state` names as many. */
const mostRuns = 128;

export class StoredLog {
  #baseSeq: Seq;
  /** Oldest first, at least one. The first one begins at the base or before it. */
  #runs: EpochRun[];
  /** The log was cut below its base, so what is stored begins with the next entry. */
  #isCut = false;

  constructor({ seq, epoch, epochId, runs }: StoredStart = { seq: 0, epoch: 0, epochId: '', runs: [] }) {
    this.#baseSeq = seq;
    this.#runs = [{ epoch, id: epochId, firstSeq: seq }];
    this.#addRuns(runs);
  }

  /** What a restart needs. */
  get start(): StoredStart {
    const [first, ...runs] = this.#runs;
    return { seq: this.#baseSeq, epoch: first!.epoch, epochId: first!.id, runs };
  }

  add(change: Change): void {
    if (change.type === 'append') this.append(change.entries[0]?.seq ?? 0, change.runs);
    else if (change.type === 'truncate') this.#cutTo(change.afterSeq);
    else if (change.type === 'reset') this.startAt(change.baseSeq, { epoch: change.baseEpoch, id: change.baseEpochId });
    else if (change.type === 'rebase')
      this.startAt(change.entries.at(-1)?.seq ?? change.baseSeq, { epoch: change.baseEpoch, id: change.baseEpochId });
  }

  /** Entries from `firstSeq` on follow the last one. @param runs their epochs; the first one may begin before them. */
  append(firstSeq: Seq, runs: readonly EpochRun[]): void {
    if (this.#isCut) {
      const own = runs.findLast((run) => run.firstSeq <= firstSeq);
      if (own === undefined) return;
      this.startAt(firstSeq, own);
    }
    this.#addRuns(runs);
  }

  /** What is stored begins anew, after the entry of this seq and epoch. */
  startAt(seq: Seq, { epoch, id }: EpochMark): void {
    this.#baseSeq = seq;
    this.#runs = [{ epoch, id, firstSeq: seq }];
    this.#isCut = false;
  }

  /** The entries up to and including `seq` are not stored any more. */
  dropThrough(seq: Seq): void {
    if (seq <= this.#baseSeq) return;
    this.#baseSeq = seq;
    while ((this.#runs[1]?.firstSeq ?? Number.POSITIVE_INFINITY) <= seq) this.#runs.shift();
  }

  /** The epoch of an entry; undefined below the base. `seq` must not be beyond the end of the log. */
  markAt(seq: Seq): EpochMark | undefined {
    if (this.#isCut || seq < this.#baseSeq) return undefined;
    return this.#runs.findLast(({ firstSeq }) => firstSeq <= seq);
  }

  /** The epochs of the entries from `firstSeq` to `lastSeq`, all of which must be stored. */
  runsOf(firstSeq: Seq, lastSeq: Seq): readonly EpochRun[] {
    const { epoch, id } = this.markAt(firstSeq)!;
    return [{ epoch, id, firstSeq }, ...this.#runs.filter((run) => run.firstSeq > firstSeq && run.firstSeq <= lastSeq)];
  }

  /** The position of a log in memory, extended by what is stored below its base. */
  extend(log: LogPosition): LogPosition {
    const base = this.markAt(this.#baseSeq);
    if (base === undefined || this.#baseSeq >= log.baseSeq) return log;
    const stored = this.#runs.filter(({ firstSeq }) => firstSeq > this.#baseSeq && firstSeq <= log.baseSeq);
    const inMemory = log.history.filter(({ firstSeq }) => firstSeq > log.baseSeq);
    const { lastSeq } = log;
    return {
      baseSeq: this.#baseSeq,
      baseEpoch: base.epoch,
      baseEpochId: base.id,
      lastSeq,
      history: [...stored, ...inMemory],
    };
  }

  #addRuns(runs: readonly EpochRun[]): void {
    for (const run of runs) if (this.#runs.at(-1)!.id !== run.id) this.#runs.push(run);
    while (this.#runs.length > mostRuns) this.#runs.shift();
    this.#baseSeq = Math.max(this.#baseSeq, this.#runs[0]!.firstSeq);
  }

  #cutTo(seq: Seq): void {
    if (seq < this.#baseSeq) this.#isCut = true;
    else this.#runs = this.#runs.filter(({ firstSeq }) => firstSeq <= seq);
  }
}
