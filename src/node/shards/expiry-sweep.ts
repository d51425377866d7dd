/**
 * Has the keys of a shard deleted that are due, at its primary (R17). The storage knows which keys are due, the core decides and
 * appends one entry for a batch of them, and only the log deletes. While no key of the shard expires, this does nothing.
 */
import type { Answer, DueEvent, DueKey } from '../../replication/index.js';
import type { Storage } from '../../storage/index.js';
import type { AnswerSink } from './shard-host.js';
import type { Stripes } from './stripes.js';
import type { SweepTurns } from './sweep-turns.js';
import type { Ticking } from './ticker.js';

/** The shard that is swept. */
export interface SweptShard {
  readonly isPrimary: boolean;
  readonly storage: Pick<Storage, 'earliestExpiryMs' | 'due'>;
  timeMs(nowMs: number): number;
  write(event: DueEvent): void;
}

/** Limits the keys of one entry, so that a batch takes about a millisecond of each replica's turn. */
const maxKeys = 512;
/** Pause after a batch that was not full: more keys become due meanwhile, and share the next entry. */
const pauseMs = 10;

export class ExpirySweep implements Ticking, AnswerSink {
  readonly #shard: SweptShard;
  readonly #stripes: Pick<Stripes, 'isLocked'>;
  readonly #turns: SweepTurns;
  readonly #tickMs: number;
  #timer: NodeJS.Timeout | undefined;
  /** A batch waits for its turn, for the storage to find its keys, or for its commit. */
  #isBusy = false;
  /** The last batch had as many keys as one may have: more are due. */
  #isFull = false;
  #closed = false;

  /** @param tickMs time between two ticks: a timer is needed only for what is due before the next one. */
  constructor(shard: SweptShard, stripes: Pick<Stripes, 'isLocked'>, turns: SweepTurns, tickMs: number) {
    this.#shard = shard;
    this.#stripes = stripes;
    this.#turns = turns;
    this.#tickMs = tickMs;
  }

  tick(nowMs: number): void {
    if (this.#isBusy || this.#timer !== undefined || !this.#shard.isPrimary) return;
    const { earliestExpiryMs } = this.#shard.storage;
    if (earliestExpiryMs === undefined) return;
    const waitMs = earliestExpiryMs - this.#shard.timeMs(nowMs);
    if (waitMs <= 0) this.#begin();
    else if (waitMs < this.#tickMs) this.#lookIn(waitMs);
  }

  /** The batch has committed, or was refused; then the next tick tries again. */
  answer(answer: Answer): void {
    this.#isBusy = false;
    if (answer.kind !== 'written' || this.#closed) return;
    if (this.#isFull) this.#begin();
    else this.#lookIn(pauseMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #begin(): void {
    this.#isBusy = true;
    this.#turns.add(() => this.#sweep());
  }

  #lookIn(waitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.tick(performance.now());
    }, waitMs);
  }

  #sweep(): void {
    if (this.#closed || !this.#shard.isPrimary) this.#isBusy = false;
    else this.#shard.storage.due(this.#shard.timeMs(performance.now()), maxKeys, (due) => this.#found(due));
  }

  /** An operation that holds the lock of a key's stripe may depend on what it has read: the key is left to the next batch. */
  #found(due: readonly DueKey[]): void {
    this.#isBusy = false;
    if (this.#closed || !this.#shard.isPrimary) return;
    const keys = due.filter(({ key }) => !this.#stripes.isLocked(key));
    if (keys.length === 0) return;
    this.#isBusy = true;
    this.#isFull = keys.length === maxKeys;
    this.#shard.write({ type: 'due', token: this, keys });
  }
}
