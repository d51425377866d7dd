/**
 * What its server shows to a session. A server may lag. A connection never sees the history of ZooKeeper go back, and
 * the next connection of the same session may.
 */
import type { CandidateFact, ShardState } from '../../src/replication/index.js';
import type { Ensemble, StateZnode } from './ensemble.js';

interface Reading<State> {
  readonly znode: StateZnode<State> | undefined;
  readonly candidates: readonly CandidateFact[];
  /** The servers have lost data before. */
  readonly isRestored: boolean;
}

export class ShownState<State = ShardState> {
  lagMs = 0;
  /** Scripts: the server lags by this many changes of the znode, even of those that it has shown. */
  lag = 0;
  readonly #ensemble: Ensemble<State>;
  /** A lagging server catches up before its znode is believed, unless a watch is the reason to read. */
  readonly #syncs: boolean;
  #seenIndex = 0;

  constructor(ensemble: Ensemble<State>, syncs: boolean) {
    this.#ensemble = ensemble;
    this.#syncs = syncs;
  }

  /** A new session sees everything that was there before it. One that goes on may be at a server that lags. */
  connect(isNew: boolean): void {
    if (isNew) this.catchUp();
    else if (!this.#syncs) this.#seenIndex = 0;
  }

  /** The server that answers has seen everything up to now: it has just done a write. */
  noteWrite(): void {
    this.#seenIndex = this.#ensemble.history.length - 1;
  }
  catchUp(): void {
    this.noteWrite();
    this.lag = 0;
  }

  read(what: 'state' | 'candidates', watched: boolean): Reading<State> {
    const { history, wasLost } = this.#ensemble;
    this.#seenIndex = this.#ensemble.indexAt(this.lagMs, this.#seenIndex);
    const isBelieved = watched && history[this.#seenIndex]!.znode !== undefined;
    if (this.#syncs && what === 'state' && !isBelieved) this.noteWrite();
    const { znode, candidates } = history[this.#seenIndex]!;
    return { znode: this.lag === 0 ? znode : this.#ensemble.znodeBefore(this.lag), candidates, isRestored: wasLost };
  }
}
