/** Finds the keys of a shard that are due (R17), and keeps in mind when that is worth a look. */
import type { DueKey } from '../../replication/index.js';
import { whenAnswered } from './answers.js';
import type { OverlayView } from './overlay.js';
import type { StoredShard } from './stored-shard.js';

const never = Number.POSITIVE_INFINITY;

export class DueKeys {
  readonly #shard: StoredShard;
  /** No row of the database expires before this time. */
  #earliestMs: number;

  constructor(shard: StoredShard, earliestMs: number | undefined) {
    this.#shard = shard;
    this.#earliestMs = earliestMs ?? never;
  }

  /** No row expires before this time. Undefined: none expires. */
  get earliestMs(): number | undefined {
    const earliestMs = Math.min(this.#earliestMs, this.#shard.overlay.earliestExpiryMs);
    return earliestMs === never ? undefined : earliestMs;
  }

  /** The database has rows that expire, none before this time. */
  committed(earliestMs: number): void {
    this.#earliestMs = Math.min(this.#earliestMs, earliestMs);
  }

  /** The database has no rows any more. */
  reset(): void {
    this.#earliestMs = never;
  }

  /** Leaves out keys that the database does not have yet. See `Storage.due`. */
  find(timeMs: number, most: number, take: (keys: readonly DueKey[]) => void): void {
    const view = this.#shard.overlay.view();
    const taken = whenAnswered(this.#shard.storedEarliest(most), (found) => this.#found(found, view, timeMs, most, take));
    if (!(taken instanceof Promise)) return;
    taken.catch(() => {
      view.close();
      take([]);
    });
  }

  #found(
    found: readonly DueKey[],
    view: OverlayView,
    timeMs: number,
    most: number,
    take: (keys: readonly DueKey[]) => void,
  ): void {
    view.close();
    // What the overlay has of a key, or has had since the look-up began, is newer.
    const current = view.isVoid ? [] : found.filter(({ key }) => view.find(key) === undefined);
    // The keys behind a full answer are not known.
    const behindMs = found.length < most ? never : found.at(-1)!.expiresAtMs;
    const firstMs = current[0]?.expiresAtMs ?? never;
    if (!view.isVoid) this.#earliestMs = Math.min(firstMs, behindMs, view.earliestExpiryMs);
    take(current.filter(({ expiresAtMs }) => expiresAtMs <= timeMs));
  }
}
