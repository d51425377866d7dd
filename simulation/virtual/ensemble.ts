/**
 * The ZooKeeper servers: one history of their data, changed by compare-and-set and by registrations. A server may
 * lag. A session never sees the history go back, and a new session may.
 */
import type { CandidateFact, ShardState } from '../../src/replication/index.js';
import type { EventQueue } from './event-queue.js';

export interface StateZnode<State = ShardState> {
  readonly version: number;
  readonly state: State;
}

/** The data of ZooKeeper from some moment on. */
export interface Snapshot<State> {
  readonly sinceMs: number;
  readonly znode: StateZnode<State> | undefined;
  readonly candidates: readonly CandidateFact[];
}

export interface RegisteredSession {
  readonly replicaId: string;
  readonly number: number;
}

export interface EnsembleObserver<State> {
  /** The znode has just been written, or lost. */
  onState(state: State | undefined, before: State | undefined): void;
}

export type CasOutcome = { readonly kind: 'applied'; readonly version: number } | { readonly kind: 'conflict' | 'missing' };

/** For one shard it holds `state` and the candidates, for all nodes `placement` and the registered nodes. */
export class Ensemble<State = ShardState> {
  readonly history: Snapshot<State>[] = [{ sinceMs: 0, znode: undefined, candidates: [] }];
  /** The index of the first snapshot after a loss. No server shows an earlier one. */
  leastIndex = 0;
  /** It has lost its data at least once, and nodes that knew the data have reported that. */
  wasLost = false;
  /** Its data is older than it was before. The replicas that it names may know better. */
  isOlder = false;
  /** It has gone back at least once, and may have lost an operator's command. */
  wentBack = false;
  /** Grows with each loss of data. No connection and no request outlives a loss. */
  incarnation = 0;
  /** It answers no request before this time. */
  awayUntilMs = 0;
  readonly #queue: EventQueue;
  readonly #observer: EnsembleObserver<State>;
  /** The watches of the sessions. */
  readonly #watchers = new Set<(what: 'state' | 'candidates') => void>();
  #owners: {
    readonly session: RegisteredSession;
    readonly order: number;
    stopping: boolean;
    historyHeld: string | undefined;
    full: boolean;
    impaired: boolean;
  }[] = [];
  #lastOrder = 0;
  #lastSession = 0;

  constructor(queue: EventQueue, observer: EnsembleObserver<State>) {
    this.#queue = queue;
    this.#observer = observer;
  }

  get now(): Snapshot<State> {
    return this.history.at(-1)!;
  }
  get znode(): StateZnode<State> | undefined {
    return this.now.znode;
  }
  get state(): State | undefined {
    return this.znode?.state;
  }
  get candidates(): readonly CandidateFact[] {
    return this.now.candidates;
  }
  /** Every znode that there has been, oldest first; undefined: none. */
  get znodes(): (StateZnode<State> | undefined)[] {
    return znodesOf(this.history);
  }

  /** What a server shows that lags by this many changes of the znode. */
  znodeBefore(changes: number): StateZnode<State> | undefined {
    const shown = znodesOf(this.history.slice(this.leastIndex));
    return shown[Math.max(0, shown.length - 1 - changes)];
  }

  newSession(replicaId: string): RegisteredSession {
    return { replicaId, number: ++this.#lastSession };
  }
  watch(tell: (what: 'state' | 'candidates') => void): void {
    this.#watchers.add(tell);
  }
  unwatch(tell: (what: 'state' | 'candidates') => void): void {
    this.#watchers.delete(tell);
  }

  /** The newest snapshot that a server lagging by `lagMs` has, but none older than number `leastIndex`. */
  indexAt(lagMs: number, leastIndex: number): number {
    const untilMs = this.#queue.nowMs - lagMs;
    const least = Math.max(leastIndex, this.leastIndex);
    let index = this.history.length - 1;
    while (index > least && this.history[index]!.sinceMs > untilMs) index -= 1;
    return index;
  }

  compareAndSet(expectedVersion: number | undefined, next: State): CasOutcome {
    const { znode } = this.now;
    if (znode === undefined && expectedVersion !== undefined) return { kind: 'missing' };
    if (znode?.version !== expectedVersion) return { kind: 'conflict' };
    const version = znode === undefined ? 0 : znode.version + 1;
    this.isOlder = false;
    this.#push({ version, state: next });
    this.#observer.onState(next, znode?.state);
    this.fire('state');
    return { kind: 'applied', version };
  }

  /** R2: a znode of the same replica that another session owns is deleted first. */
  register(session: RegisteredSession, stopping: boolean, historyHeld?: string): void {
    const own = this.#owners.find((owner) => owner.session === session);
    if (own !== undefined && own.stopping === stopping && own.historyHeld === historyHeld) return;
    if (own !== undefined) {
      own.stopping = stopping;
      own.historyHeld = historyHeld;
    } else {
      this.#owners = this.#owners.filter((owner) => owner.session.replicaId !== session.replicaId);
      this.#owners.push({ session, order: ++this.#lastOrder, stopping, historyHeld, full: false, impaired: false });
    }
    this.#candidatesChanged();
  }

  /** The session has ended, and its znode is deleted. */
  unregister(session: RegisteredSession): void {
    const others = this.#owners.filter((owner) => owner.session !== session);
    if (others.length === this.#owners.length) return;
    this.#owners = others;
    this.#candidatesChanged();
  }

  /** Whether the database of the replica gives no answer. */
  markImpaired(replicaId: string, impaired: boolean): void {
    const own = this.#owners.find(({ session }) => session.replicaId === replicaId);
    if (own === undefined || own.impaired === impaired) return;
    own.impaired = impaired;
    this.#candidatesChanged();
  }

  /** Scripts: whether the primary knows that the replica's node has no room for the data. */
  markFull(replicaId: string, full: boolean): void {
    for (const owner of this.#owners) if (owner.session.replicaId === replicaId) owner.full = full;
    this.#candidatesChanged();
  }

  /** It comes back without any data. */
  lose(): void {
    this.wasLost = true;
    this.#restart(undefined);
  }

  /** It comes back with an older znode: from a backup, or from a log whose end is gone. No candidate is left. */
  goBackTo(znode: StateZnode<State> | undefined): void {
    this.#restart(znode);
    this.isOlder = true;
    this.wentBack = true;
  }

  #restart(znode: StateZnode<State> | undefined): void {
    const before = this.state;
    this.#owners = [];
    this.incarnation += 1;
    this.#push(znode);
    this.leastIndex = this.history.length - 1;
    if (znode === undefined) this.#observer.onState(undefined, before);
    this.fire('state');
    this.fire('candidates');
  }

  #candidatesChanged(): void {
    this.#push(this.now.znode);
    this.fire('candidates');
  }

  #push(znode: StateZnode<State> | undefined): void {
    const candidates = this.#owners.map(({ session, order, stopping, historyHeld, full, impaired }) => ({
      replicaId: session.replicaId,
      order,
      stopping,
      history: historyHeld,
      ...(full ? { full } : {}),
      ...(impaired ? { impaired } : {}),
    }));
    this.history.push({ sinceMs: this.#queue.nowMs, znode, candidates });
  }

  /** All watches fire. */
  fire(what: 'state' | 'candidates'): void {
    for (const tell of this.#watchers) tell(what);
  }
}

/** A snapshot with another candidate only has the same znode. */
function znodesOf<State>(history: readonly Snapshot<State>[]): (StateZnode<State> | undefined)[] {
  return history.map(({ znode }) => znode).filter((znode, index, all) => index === 0 || znode !== all[index - 1]);
}
