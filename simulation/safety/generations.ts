/**
 * When another generation of the history begins, and with what: an operator's command gives up what no live replica
 * holds (R13), or a removed replica claims because ZooKeeper has forgotten its removal (R7).
 */
import type { ShardState } from '../../src/replication/index.js';
import type { Disk } from '../virtual/disk.js';
import type { EventQueue } from '../virtual/event-queue.js';
import type { ReplicaProcess } from '../virtual/process.js';
import { Store, type StoredItem } from '../virtual/store.js';
import type { Forks } from './forks.js';
import type { HistoryModel } from './history-model.js';

/** From here on every version is above what may have been lost (R13). */
const forcedGap = 2 ** 32;

export interface Applied {
  readonly items: ReadonlyMap<string, StoredItem>;
  readonly seq: number;
}

/** What a generation began with, once its first primary served. */
interface Beginning {
  readonly atMs: number;
  readonly items: ReadonlyMap<string, StoredItem>;
}

/** The run of one shard, as its generations see it. */
export interface GenerationsRun {
  readonly queue: EventQueue;
  readonly ensemble: { readonly wentBack: boolean };
  readonly disks: readonly Disk[];
  /** What a replica has applied, or will have when it starts again at the latest. */
  appliedBy(replicaId: string): Applied | undefined;
  diskOf(replicaId: string): Disk | undefined;
}

export class Generations {
  /** The first generation has none: it began empty. */
  readonly beginnings = new Map<number, Beginning>();
  readonly #run: GenerationsRun;
  readonly #model: HistoryModel;
  readonly #forks: Forks;
  #acceptsFork = false;

  constructor(run: GenerationsRun, model: HistoryModel, forks: Forks) {
    this.#run = run;
    this.#model = model;
    this.#forks = forks;
  }

  /** `state`, which names this primary, was written in ZooKeeper. */
  onState(state: ShardState, primary: string, before: ShardState | undefined): void {
    this.#forks.noteRemovals(state);
    if (state.seqFloor >= (before?.seqFloor ?? 1) + forcedGap) {
      this.#beginWith(state, primary, this.#run.appliedBy(primary));
      this.#forks.onForced(state);
    } else if (this.#isFork(state, before)) {
      this.#acceptsFork = false;
      this.#forks.keep(state, this.#model.order);
      this.#beginWith(state, primary, this.#committedAt(primary));
      this.#forks.begin(state, this.#model.generation);
    } else this.#maybeBeginAgain(state, primary);
  }

  /**
   * Scripts: ZooKeeper has forgotten an epoch, and a replica that cannot know of it claims. What only that epoch knew
   * is lost.
   */
  acceptFork(): void {
    this.#acceptsFork = true;
  }

  onServing({ store, disk }: ReplicaProcess): void {
    const { generation } = this.#model;
    if (generation === 0 || this.beginnings.has(generation) || disk.generation !== generation) return;
    this.beginnings.set(generation, { atMs: this.#run.queue.nowMs, items: new Map(store.items) });
  }

  #isFork(state: ShardState, before: ShardState | undefined): boolean {
    return this.#forks.isFork(state, before) || (this.#acceptsFork && state.epoch > (before?.epoch ?? 0));
  }

  /**
   * Until a primary has served the fork, another member with more data may become its next primary: the fork begins
   * with that data.
   */
  #maybeBeginAgain(state: ShardState, primary: string): void {
    const { generation, lastCommitted } = this.#model;
    const found = this.#run.appliedBy(primary);
    if (this.beginnings.has(generation) || !this.#forks.isOf(state, generation) || found === undefined) return;
    if (found.seq > lastCommitted) this.#model.goOnWith(found.items, found.seq);
  }

  /** The history goes on with what one replica holds. */
  #beginWith(state: ShardState, primary: string, found: Applied | undefined): void {
    const disk = this.#run.diskOf(primary);
    if (this.#run.ensemble.wentBack) this.#model.forgetVersions();
    if (disk?.complete && found !== undefined) this.#model.beginWith(found.items, found.seq, state.epoch);
    else this.#model.beginWith(new Map(), state.seqFloor - 1, state.epoch);
    if (disk !== undefined) disk.generation = this.#model.generation;
  }

  /** The part of a replica's data that any other replica which may follow it knows to be committed. */
  #committedAt(replicaId: string): Applied | undefined {
    const disk = this.#run.diskOf(replicaId);
    const applied = this.#run.appliedBy(replicaId);
    if (disk === undefined || applied === undefined) return applied;
    const store = new Store({ items: applied.items });
    let { seq } = applied;
    const others = this.#run.disks.filter((other) => !other.destroyed && !this.#forks.isKeeper(other));
    const knownSeq = Math.max(seq, ...others.map((other) => this.#run.appliedBy(other.replicaId)?.seq ?? 0));
    for (const entry of this.#model.order) {
      if (entry.seq > knownSeq) break;
      if (entry.seq !== seq + 1 || disk.entryAt(entry.seq)?.epoch !== entry.epoch) continue;
      store.apply([entry]);
      seq = entry.seq;
    }
    return { items: store.items, seq };
  }
}
