/**
 * The work of one shard at the database, in its order: a copy begins, the rows of the one before are removed, rows are committed. A shard
 * keeps its lane when its replica is replaced by another, because the database has one copy of each shard.
 */
import type { CopyPosition, FoundCopy, RowTotals, ShardCommit } from './state-database.js';

/** Rows to be committed. */
export interface LaneCommit {
  readonly change: ShardCommit;
  readonly bytes: number;
  /** Whether the log has what the change assumes, perhaps not flushed. */
  isLogged(): boolean;
  committed(totals: RowTotals): void;
}

export type LaneStep =
  | { readonly kind: 'begin'; readonly position: CopyPosition | undefined; isLogged(): boolean }
  | { readonly kind: 'remove' }
  | ({ readonly kind: 'commit' } & LaneCommit);

/** The replica of the shard. */
export interface LaneOwner {
  /** Something was applied that is not gathered yet. */
  readonly isChanged: boolean;
  /** What is to be committed now. Undefined: nothing, or not yet. */
  gather(): LaneCommit | undefined;
  /** Resolves once everything that was applied before is committed. */
  committed(): Promise<void>;
  /** @returns a function to be called once what was committed before this call is flushed. */
  covers(): () => void;
  /** Another replica takes its place, or none. */
  close(): void;
}

export class Lane {
  readonly shard: number;
  /** The copy that the database had when it was opened, until another one begins. */
  found: FoundCopy | undefined;
  #steps: LaneStep[] = [];
  #owner: LaneOwner | undefined;

  constructor(shard: number, found: FoundCopy | undefined) {
    this.shard = shard;
    this.found = found;
  }

  /** Undefined: the shard has no replica. */
  get owner(): LaneOwner | undefined {
    return this.#owner;
  }

  set owner(next: LaneOwner | undefined) {
    this.#owner?.close();
    this.#owner = next;
  }

  /** The database may have rows of an earlier copy. */
  get isStale(): boolean {
    return this.#steps.some(({ kind }) => kind !== 'commit');
  }

  /** There are steps, or there will be one. */
  get hasWork(): boolean {
    return this.#steps.length > 0 || (this.#owner?.isChanged ?? false);
  }

  /** The next step, which may be begun. Undefined: there is none now. */
  next(): LaneStep | undefined {
    const [first] = this.#steps;
    if (first !== undefined) return first.kind === 'remove' || first.isLogged() ? first : undefined;
    const commit = this.#owner?.gather();
    if (commit === undefined) return undefined;
    this.add(commit);
    return this.#steps[0];
  }

  /** The first step has been executed. */
  done(): void {
    this.#steps.shift();
  }

  add(commit: LaneCommit): void {
    this.#steps.push({ kind: 'commit', ...commit });
  }

  /** @param position undefined: the shard has no copy from then on */
  begin(position: CopyPosition | undefined, isLogged: () => boolean): void {
    this.found = undefined;
    this.#steps.push({ kind: 'begin', position, isLogged }, { kind: 'remove' });
  }
}
