/**
 * The metadata of a replica as its changes state it (see `ReplicaMetadata`). A shell keeps it up to date with each `persist`, so
 * that it can write it as the beginning of a later replay; a replay does the same with the changes that it reads.
 */
import type { Change } from '../protocol/effect.js';
import type { Seq } from '../protocol/ids.js';
import type { EpochRun } from '../protocol/log-position.js';
import { emptyMetadata, type ReplicaMetadata } from '../protocol/recovered.js';

type Facts = Omit<ReplicaMetadata, 'end'>;

export class LoggedMetadata {
  #facts: Facts;
  #lastSeq: Seq;
  /** The epochs of the entries that may still be cut, and of the last one before them. Empty: that of the last entry is not known. */
  #runs: EpochRun[];

  constructor({ end, ...facts }: ReplicaMetadata = emptyMetadata) {
    this.#facts = facts;
    this.#lastSeq = end.seq;
    this.#runs = [{ epoch: end.epoch, id: end.epochId, firstSeq: end.seq }];
  }

  /** @param appliedSeq the last entry that the replica had applied before this change. */
  add(change: Change, appliedSeq: Seq): void {
    while ((this.#runs[1]?.firstSeq ?? Number.POSITIVE_INFINITY) <= appliedSeq) this.#runs.shift();
    switch (change.type) {
      case 'append':
        for (const run of change.runs) if (this.#runs.at(-1)?.id !== run.id) this.#runs.push(run);
        this.#lastSeq = change.entries.at(-1)?.seq ?? this.#lastSeq;
        return;
      case 'truncate':
        this.#lastSeq = change.afterSeq;
        this.#runs = this.#runs.filter(({ firstSeq }) => firstSeq <= change.afterSeq);
        return;
      case 'epoch': {
        const { history, epoch, epochId, removals } = change;
        return this.#set({ history, epoch, epochId, epochRemovals: removals });
      }
      case 'line':
        return this.#set({ line: change.line });
      case 'reset':
        this.#startAt(change);
        return this.#set({
          line: undefined,
          complete: change.complete,
          loggedTimeMs: change.timeMs,
          resets: this.#facts.resets + 1,
        });
      case 'rebase':
        this.#startAt(change);
        this.#lastSeq = change.entries.at(-1)?.seq ?? change.baseSeq;
        return;
      case 'complete':
        return this.#set({ complete: true });
      case 'time':
        return this.#set({ loggedTimeMs: change.timeMs });
    }
  }

  get current(): ReplicaMetadata {
    const { epoch = 0, id = '' } = this.#runs.at(-1) ?? {};
    return { ...this.#facts, end: { seq: this.#lastSeq, epoch, epochId: id } };
  }
  /** The last entry of the log, applied or not. */
  get lastSeq(): Seq {
    return this.#lastSeq;
  }
  get resets(): number {
    return this.#facts.resets;
  }
  get complete(): boolean {
    return this.#facts.complete;
  }

  #set(changed: Partial<Facts>): void {
    this.#facts = { ...this.#facts, ...changed };
  }

  #startAt({ baseSeq, baseEpoch, baseEpochId }: Extract<Change, { type: 'reset' | 'rebase' }>): void {
    this.#lastSeq = baseSeq;
    this.#runs = [{ epoch: baseEpoch, id: baseEpochId, firstSeq: baseSeq }];
  }
}
