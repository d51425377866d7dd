/**
 * A scan of all shards: merges their pages in the order of the keys' bytes. Each shard is read at its own pace, and only as far ahead as
 * its pages in memory reach, so the memory is bounded however many keys there are.
 */
import { compareUtf8 } from '../../utf8-order.js';
import type { ScannedValue } from '../../wire/scan/scan-messages.js';
import type { CallOptions } from '../call-limits.js';
import type { ClientCore } from '../client-core.js';
import type { CheckedScan } from './scan-options.js';
import { ShardPages } from './shard-pages.js';

/** Limits, approximately, the bytes of all pages that a scan has in memory. */
const maxHeldBytes = 16 * 1024 * 1024;
/** The pages of one shard in memory: the one that is being merged, those that wait, and one that is being received. */
const pagesOfShard = 4;
const leastPageBytes = 16 * 1024;
const mostPageBytes = 256 * 1024;
/** With at most this many shards, each shard has one stream for the whole scan. With more, each page has a stream of its own. */
const maxStreams = 64;
/** Limits the pages that are requested at the same time if each page has a stream of its own. */
const pagesAtOnce = 32;
/** Keys of a page that has a stream of its own, unless the caller chooses. */
const pageKeysOfMany = 512;
/**
 * A scan with a limit first reads its share of each shard times this factor, and at least `leastShare` keys, because keys are not spread
 * evenly.
 */
const shareFactor = 2;
const leastShare = 16;

/** The keys of one shard that were received and not merged yet. */
interface Run {
  readonly pages: ShardPages;
  records: readonly ScannedValue[];
  next: number;
  /** No key has a surrogate. Then `<` of JavaScript, which is quicker, orders the keys as their bytes do. */
  isPlain: boolean;
}

const surrogate = /[\ud800-\udfff]/;

/** Compares the next keys of two runs. Keys of different shards are never equal. */
function compareHeads(one: Run, other: Run): number {
  const [key, otherKey] = [one.records[one.next]!.key, other.records[other.next]!.key];
  if (!one.isPlain || !other.isPlain) return compareUtf8(key, otherKey);
  return key < otherKey ? -1 : 1;
}

export class MergedScan implements AsyncIterableIterator<ScannedValue> {
  readonly #runs: readonly Run[];
  readonly #pagesAtOnce: number;
  readonly #order: (one: Run, other: Run) => number;
  /** A heap of the runs that have a key: the run whose next key comes first is at the top. */
  readonly #heap: Run[] = [];
  /** A run whose keys were all taken: its next page comes before the next key of the scan. */
  #dry: Run | undefined;
  #left: number;
  #hasBegun = false;
  #isOver = false;
  /** Calls of `next` that wait for a page. */
  #waiting = 0;
  #lastCall: Promise<unknown> = Promise.resolve();

  /** @param call `deadlineMs` limits the time to each next page of a shard */
  constructor(core: ClientCore, options: CheckedScan, call: CallOptions) {
    const shards = core.knownTopology?.shards.length ?? 0;
    const { limit, reverse, maxPageKeys } = options;
    const isOfMany = shards > maxStreams;
    const share = Number.isFinite(limit) ? Math.max(leastShare, Math.ceil((shareFactor * limit) / Math.max(1, shards))) : 0;
    const page = maxPageKeys || pageKeysOfMany;
    const streamKeys = !isOfMany ? share : share === 0 ? page : Math.min(page, share);
    const maxPageBytes = Math.max(leastPageBytes, Math.min(mostPageBytes, Math.floor(maxHeldBytes / (pagesOfShard * shards))));
    this.#runs = Array.from({ length: shards }, (_, shard) => ({
      pages: new ShardPages(core, { ...options, shard, maxPageBytes, streamKeys }, call),
      records: [],
      next: 0,
      isPlain: true,
    }));
    this.#pagesAtOnce = isOfMany ? pagesAtOnce : shards;
    this.#order = reverse ? (one, other) => compareHeads(other, one) : compareHeads;
    this.#left = limit;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** A call waits until the call before it is answered. */
  next(): Promise<IteratorResult<ScannedValue, undefined>> {
    if (this.#waiting === 0 && this.#hasBegun && this.#dry === undefined) return Promise.resolve(this.#take());
    this.#waiting += 1;
    const result = this.#lastCall.then(() => this.#takeLater()).finally(() => this.#waiting--);
    this.#lastCall = result.catch(() => {});
    return result;
  }

  /** Ends the scan: leaving a loop early calls it. */
  return(): Promise<IteratorResult<ScannedValue, undefined>> {
    this.#end();
    return Promise.resolve(over);
  }

  #end(): void {
    this.#isOver = true;
    this.#heap.length = 0;
    for (const { pages } of this.#runs) pages.close();
  }

  async #takeLater(): Promise<IteratorResult<ScannedValue, undefined>> {
    try {
      if (!this.#hasBegun) await this.#begin();
      const dry = this.#dry;
      this.#dry = undefined;
      if (dry !== undefined && this.#left > 0 && !this.#isOver) await this.#refill(dry);
    } catch (error) {
      this.#end();
      throw error;
    }
    return this.#take();
  }

  /** Reads the first page of every shard. */
  async #begin(): Promise<void> {
    this.#hasBegun = true;
    const waiting = this.#runs.values();
    const lane = async (): Promise<void> => {
      for (const run of waiting) await this.#refill(run);
    };
    await Promise.all(Array.from({ length: this.#pagesAtOnce }, lane));
  }

  /** Reads the next page of a run. A run that has no further page does not return to the heap. */
  async #refill(run: Run): Promise<void> {
    const page = await run.pages.next();
    if (page === undefined || this.#isOver) return;
    if (page.records.length === 0) return this.#refill(run);
    run.records = page.records;
    run.next = 0;
    run.isPlain = !page.records.some(({ key }) => surrogate.test(key));
    this.#heap.push(run);
    this.#rise(this.#heap.length - 1);
  }

  #take(): IteratorResult<ScannedValue, undefined> {
    const [top] = this.#heap;
    if (top === undefined || this.#left <= 0 || this.#isOver) {
      this.#end();
      return over;
    }
    const value = top.records[top.next]!;
    this.#left -= 1;
    top.next += 1;
    if (top.next === top.records.length) {
      this.#dry = top;
      const last = this.#heap.pop()!;
      if (this.#heap.length > 0) this.#heap[0] = last;
    }
    if (this.#heap.length > 1) this.#sink();
    return { done: false, value };
  }

  #rise(from: number): void {
    const heap = this.#heap;
    for (let at = from; at > 0; ) {
      const above = (at - 1) >> 1;
      if (this.#order(heap[at]!, heap[above]!) >= 0) return;
      [heap[at], heap[above]] = [heap[above]!, heap[at]!];
      at = above;
    }
  }

  #sink(): void {
    const heap = this.#heap;
    for (let at = 0; ; ) {
      let least = 2 * at + 1;
      if (least >= heap.length) return;
      if (least + 1 < heap.length && this.#order(heap[least + 1]!, heap[least]!) < 0) least += 1;
      if (this.#order(heap[at]!, heap[least]!) <= 0) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}

const over: IteratorResult<never, undefined> = { done: true, value: undefined };
