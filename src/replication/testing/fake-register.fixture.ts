/**
 * What a shard keeps in ZooKeeper: `state` with its versions, and the candidates by session. The truth is changed by
 * compare-and-set alone; sessions that are suspended, answers that are lost and readers that lag are up to the caller.
 */

import type { CandidateFact, ProposalOutcome } from '../protocol/event.js';
import type { ReplicaId } from '../protocol/ids.js';
import type { ShardState } from '../protocol/shard-state.js';

export interface StateZnode {
  readonly version: number;
  readonly state: ShardState;
}

export class FakeRegister {
  /** Every `state` there has been, oldest first; undefined: none. */
  readonly history: (StateZnode | undefined)[] = [undefined];
  /** It has lost what it held. */
  wasLost = false;
  /** What it holds is older than what it held: those that it names may not hold everything. */
  isOlder = false;
  /** Of the first entry after a loss: nobody is shown an earlier one. */
  #firstShown = 0;
  #candidates: CandidateFact[] = [];
  #lastOrder = 0;

  get znode(): StateZnode | undefined {
    return this.history.at(-1);
  }
  get candidates(): readonly CandidateFact[] {
    return this.#candidates;
  }

  /** What a server answers that is `behind` changes late. */
  read(behind = 0): StateZnode | undefined {
    return this.history[Math.max(this.#firstShown, this.history.length - 1 - behind)];
  }

  compareAndSet(expectedVersion: number | undefined, next: ShardState): ProposalOutcome {
    const { znode } = this;
    if (znode === undefined && expectedVersion !== undefined) return { kind: 'missing' };
    if (znode?.version !== expectedVersion) return { kind: 'conflict' };
    const version = znode === undefined ? 0 : znode.version + 1;
    this.isOlder = false;
    this.history.push({ version, state: next });
    return { kind: 'applied', version };
  }

  /** ZooKeeper loses what it held. */
  wipe(): void {
    this.wasLost = true;
    this.goBackTo(undefined);
  }
  /** It comes back with an older `state`: from a backup, or without the end of its log. */
  goBackTo(znode: StateZnode | undefined): void {
    this.isOlder = znode !== undefined;
    this.history.push(znode);
    this.#firstShown = this.history.length - 1;
    this.#candidates = [];
  }

  register(replicaId: ReplicaId, history: string | undefined): void {
    const isKnown = this.#candidates.some((one) => one.replicaId === replicaId);
    if (!isKnown) this.#candidates = [...this.#candidates, { replicaId, order: ++this.#lastOrder, stopping: false, history }];
    else this.#candidates = this.#candidates.map((one) => (one.replicaId === replicaId ? { ...one, history } : one));
  }
  /** As if the primary had judged so. */
  markFull(replicaId: ReplicaId, full: boolean): void {
    this.#candidates = this.#candidates.map((one) => (one.replicaId === replicaId ? { ...one, full } : one));
  }
  unregister(replicaId: ReplicaId): void {
    this.#candidates = this.#candidates.filter((candidate) => candidate.replicaId !== replicaId);
  }
  markStopping(replicaId: ReplicaId): void {
    this.#candidates = this.#candidates.map((candidate) =>
      candidate.replicaId === replicaId ? { ...candidate, stopping: true } : candidate,
    );
  }
}
