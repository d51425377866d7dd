/**
 * What was applied to one shard and may not be in the database yet: reads look here first.
 *
 * Rows lie in layers. New rows go into the open layer. To write them, the layer is sealed, and another one opened. A layer is dropped
 * once the database has it.
 */
import type { OverlayBudget } from './overlay-budget.js';
import type { Row } from './state-database.js';

/** Estimated memory of a row beside its key and value. */
const rowOverheadBytes = 200;

export class Layer {
  /** At most one of each key. */
  readonly rows = new Map<string, Row>();
  /** Estimated memory. */
  bytes = 0;
  /** No row expires before this time. */
  earliestExpiryMs = Number.POSITIVE_INFINITY;
}

export class Overlay {
  readonly #budget: OverlayBudget;
  /** Oldest first. */
  #sealed: Layer[] = [];
  #open = new Layer();
  readonly #views = new Set<OverlayView>();
  #bytes = 0;

  constructor(budget: OverlayBudget) {
    this.#budget = budget;
  }

  /** Estimated memory of all layers that are not dropped. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Estimated memory of the open layer. */
  get openBytes(): number {
    return this.#open.bytes;
  }

  /** No row expires before this time. Infinity: none expires. */
  get earliestExpiryMs(): number {
    return Math.min(earliestOf(this.#sealed), this.#open.earliestExpiryMs);
  }

  /** The newest row of the key. */
  find(key: string): Row | undefined {
    const row = this.#open.rows.get(key);
    if (row !== undefined || this.#sealed.length === 0) return row;
    return findIn(this.#sealed, key);
  }

  /** A row that is not newer than another of its key changes nothing. */
  put(row: Row): void {
    if ((this.find(row.key)?.version ?? -1) >= row.version) return;
    const { rows } = this.#open;
    const before = rows.get(row.key);
    rows.set(row.key, row);
    this.addBytes(before === undefined ? bytesOf(row) : bytesOf(row) - bytesOf(before));
    if (row.expiresAtMs !== undefined && row.expiresAtMs < this.#open.earliestExpiryMs)
      this.#open.earliestExpiryMs = row.expiresAtMs;
  }

  /** What belongs to the rows of the open layer takes this memory. */
  addBytes(bytes: number): void {
    this.#open.bytes += bytes;
    this.#bytes += bytes;
    this.#budget.add(bytes);
  }

  seal(): Layer {
    const layer = this.#open;
    this.#sealed.push(layer);
    this.#begin();
    return layer;
  }

  /** The sealed layer does not wait any more. */
  drop(layer: Layer): void {
    this.#sealed = this.#sealed.filter((other) => other !== layer);
    this.#bytes -= layer.bytes;
    this.#budget.add(-layer.bytes);
  }

  /** Reads find nothing any more, and views are void. Layers that are sealed still have to be dropped. */
  clear(): void {
    for (const view of this.#views) view.isVoid = true;
    this.#sealed = [];
    this.#bytes -= this.#open.bytes;
    this.#budget.add(-this.#open.bytes);
    this.#begin();
  }

  /** Shows what the overlay has now, and what it has got by the time it is asked. Close it. */
  view(): OverlayView {
    const view = new OverlayView([...this.#sealed, this.#open], (closed) => this.#views.delete(closed));
    this.#views.add(view);
    return view;
  }

  #begin(): void {
    this.#open = new Layer();
    for (const view of this.#views) view.add(this.#open);
  }
}

/**
 * The layers of an overlay since a moment, also those that were dropped meanwhile. An answer of the database that is of some later
 * moment is brought up to date with it.
 */
export class OverlayView {
  /** The rows of the overlay were discarded meanwhile. */
  isVoid = false;
  readonly #layers: Layer[];
  readonly #closed: (view: OverlayView) => void;

  constructor(layers: Layer[], closed: (view: OverlayView) => void) {
    this.#layers = layers;
    this.#closed = closed;
  }

  add(layer: Layer): void {
    this.#layers.push(layer);
  }

  find(key: string): Row | undefined {
    return findIn(this.#layers, key);
  }

  /** No row expires before this time. Infinity: none expires. */
  get earliestExpiryMs(): number {
    return earliestOf(this.#layers);
  }

  /** The newest row of each key that is accepted. */
  newestRows(accepts: (key: string) => boolean): Row[] {
    const newest = new Map<string, Row>();
    for (const { rows } of this.#layers) {
      for (const [key, row] of rows) {
        if (!accepts(key)) continue;
        const before = newest.get(key);
        // A row with a lower version may have been applied later, after the layer of the higher version was dropped. It counts behind a delete.
        if (before?.value === undefined || before.version < row.version) newest.set(key, row);
      }
    }
    return [...newest.values()];
  }

  close(): void {
    this.#closed(this);
  }
}

function earliestOf(layers: readonly Layer[]): number {
  return layers.reduce((earliest, layer) => Math.min(earliest, layer.earliestExpiryMs), Number.POSITIVE_INFINITY);
}

function findIn(layers: readonly Layer[], key: string): Row | undefined {
  for (let index = layers.length - 1; index >= 0; index--) {
    const row = layers[index]!.rows.get(key);
    if (row !== undefined) return row;
  }
  return undefined;
}

function bytesOf({ key, value }: Row): number {
  return key.length + (value?.length ?? 0) + rowOverheadBytes;
}
