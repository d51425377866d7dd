/**
 * The rows of one replica in a database beside its log: what the machine keeps of the replica's applied state.
 *
 * A commit brings rows and the position up to which they are, both or neither. It survives the end of the process at once, and a
 * loss of power once it is flushed: that takes the database back to what it had flushed, or to any commit since. A backup of it is
 * as it was after some earlier commit.
 */
import type { StoredSnapshot } from '../../src/replication/index.js';
import type { Random } from '../plan/random.js';
import type { StoredItem } from './store.js';

/** Names the copy that the rows are of: the id that the replica had when its data began, and its resets then. */
export interface CopyId {
  readonly writerId: string;
  readonly resets: number;
}

export interface DatabaseCommit extends CopyId {
  /** Undefined: the copy is being received, and its rows are of no use yet. */
  readonly position: StoredSnapshot | undefined;
  /** By key; undefined: the key is deleted. */
  readonly rows: ReadonlyMap<string, StoredItem | undefined>;
}

interface Version extends CopyId {
  readonly position: StoredSnapshot | undefined;
  readonly items: ReadonlyMap<string, StoredItem>;
}

/** The commits before the newest flush that a backup may be of. */
const mostBackups = 30;
const empty: Version = { writerId: '', resets: 0, position: undefined, items: new Map() };

export class VirtualDatabase {
  /** Oldest first. */
  #versions: Version[] = [empty];
  /** Index of the version that is flushed. */
  #flushed = 0;

  /** The position that survives a loss of power. Undefined: none of this copy. */
  flushedPosition(copy: CopyId): StoredSnapshot | undefined {
    return positionOf(this.#versions[this.#flushed]!, copy);
  }

  /** What a restart finds of this copy. Undefined: it has none of it, or did not receive it to the end. */
  find(copy: CopyId): { readonly position: StoredSnapshot; readonly items: ReadonlyMap<string, StoredItem> } | undefined {
    const version = this.#versions.at(-1)!;
    const position = positionOf(version, copy);
    return position && { position, items: version.items };
  }

  /** The rows of this copy, complete or not. */
  rowsOf(copy: CopyId): ReadonlyMap<string, StoredItem> {
    const version = this.#versions.at(-1)!;
    return isOf(version, copy) ? version.items : empty.items;
  }

  commit({ writerId, resets, position, rows }: DatabaseCommit): void {
    const items = new Map(this.rowsOf({ writerId, resets }));
    for (const [key, item] of rows) {
      if (item === undefined) items.delete(key);
      else items.set(key, item);
    }
    this.#versions.push({ writerId, resets, position, items });
  }

  flush(): void {
    this.#flushed = this.#versions.length - 1;
    const needless = Math.max(0, this.#flushed - mostBackups);
    this.#versions.splice(0, needless);
    this.#flushed -= needless;
  }

  losePower(random: Random): void {
    this.#versions.length = random.between(this.#flushed, this.#versions.length - 1) + 1;
  }

  /** An older backup takes its place. Returns false if there is none. */
  restore(random: Random): boolean {
    if (this.#flushed === 0) return false;
    this.#flushed = random.below(this.#flushed);
    this.#versions.length = this.#flushed + 1;
    return true;
  }
}

function isOf(version: CopyId, { writerId, resets }: CopyId): boolean {
  return version.writerId === writerId && version.resets === resets;
}

function positionOf(version: Version, copy: CopyId): StoredSnapshot | undefined {
  return isOf(version, copy) ? version.position : undefined;
}
