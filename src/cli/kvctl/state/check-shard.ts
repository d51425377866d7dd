/**
 * Compares the copies of one shard with one another and with their logs, while writes go on, in bounded memory.
 *
 * 1. Each copy compares the newest writes in its log with its store.
 * 2. Each copy is scanned, and answers digests of buckets of its keys. A bucket with the same digests holds the same records.
 * 3. The records of buckets that differ are listed. Most differ because they were written between the scans.
 * 4. Keys that differ are read again at each copy until they agree, or certainly differ (judge-key.ts). Only these are reported.
 *
 * Records that are newer than the beginning of the check are left out of 2 and 3: they would differ all the time.
 */

import { BucketSet, digestBytes, recordsIn, sameDigest } from '../../../wire/copies/buckets.js';
import type { CheckedRecord } from '../../../wire/copies/copy-messages.js';
import { sameRecord } from '../../../wire/copies/copy-messages.js';
import { type Blame, blame } from './judge-key.js';
import type { ReplicaCopy } from './replica-copy.js';
import { type DifferingKey, settleKeys } from './settle-keys.js';

export interface CheckLimits {
  /** Of each scan. */
  readonly maxBytesPerSecond: number;
  /** Writes of the log of each copy that are compared with its store. */
  readonly newestWrites: number;
  /** The check of a shard ends with this many differences. */
  readonly mostDifferences: number;
  /** Records of each copy that are listed at once. They are in memory. */
  readonly listedRecords: number;
}

export const defaultLimits = { newestWrites: 10_000, mostDifferences: 1_000, listedRecords: 20_000 };

export interface Difference extends DifferingKey, Blame {}

export interface CheckedShard {
  /** Where the check has begun. */
  readonly seq: number;
  /** Of the first copy. */
  readonly keys: number;
  readonly differences: readonly Difference[];
  /** Keys of damaged records that are no UTF-8, by the index of their copy. */
  readonly unreadable: readonly { readonly copy: number; readonly key: Buffer }[];
  /** There are more differences than were looked for. */
  readonly hasMore: boolean;
}

/** Records of one bucket, about. A difference is searched for among so many. */
const recordsOfBucket = 16;
const leastBuckets = 64;
const mostBuckets = 1 << 18;
/** Keys that are read at once. */
const batchKeys = 500;

/**
 * @param copies complete ones; the first is that of the primary
 * @param onScanned gets the bytes that the first copy has read since the call before
 */
export async function checkShard(
  copies: readonly ReplicaCopy[],
  limits: CheckLimits,
  onScanned: (bytes: number) => void = () => {},
): Promise<CheckedShard> {
  const { appliedSeq: seq } = await copies[0]!.reach(0);
  // A copy that was complete before the primary was at this position is exact from there on.
  await Promise.all(copies.map((copy) => copy.reach(seq)));
  const check = new ShardCheck(copies, limits, seq, onScanned);
  await check.run();
  const { differences, unreadable, hasMore } = check;
  return { seq, keys: copies[0]!.place.keys, differences: [...differences.values()], unreadable, hasMore };
}

class ShardCheck {
  readonly #copies: readonly ReplicaCopy[];
  readonly #limits: CheckLimits;
  readonly #seq: number;
  readonly #onScanned: (bytes: number) => void;
  readonly differences = new Map<string, Difference>();
  readonly unreadable: { copy: number; key: Buffer }[] = [];

  constructor(copies: readonly ReplicaCopy[], limits: CheckLimits, seq: number, onScanned: (bytes: number) => void) {
    this.#copies = copies;
    this.#limits = limits;
    this.#seq = seq;
    this.#onScanned = onScanned;
  }

  get hasMore(): boolean {
    return this.differences.size + this.unreadable.length >= this.#limits.mostDifferences;
  }

  async run(): Promise<void> {
    await this.#compareWithLogs();
    if (this.#copies.length === 1) return;
    const buckets = bucketsFor(Math.max(...this.#copies.map(({ place }) => place.keys)));
    const digests = await Promise.all(this.#copies.map((copy, index) => this.#digestsOf(copy, index, buckets)));
    for (const group of groupsOf(digests, buckets, this.#limits.listedRecords)) {
      if (this.hasMore) return;
      await this.#compareGroup(BucketSet.of(buckets, group), buckets);
    }
  }

  async #compareWithLogs(): Promise<void> {
    const { newestWrites } = this.#limits;
    const found = await Promise.all(this.#copies.map((copy) => copy.compareWithLog(newestWrites, this.#seq)));
    for (const [copy, { records }] of found.entries()) {
      for (const read of records) {
        const key = (read.stored ?? read.logged)!.key.toString();
        const { damaged = [], reads = await this.#readEverywhere(key) } = this.differences.get(key) ?? {};
        // The copy differs from its own log, whatever the others hold.
        this.differences.set(key, { key, reads, evidence: 'log', damaged: [...damaged, copy] });
      }
    }
  }

  #readEverywhere(key: string): Promise<DifferingKey['reads']> {
    return Promise.all(this.#copies.map(async (copy) => (await copy.read([key], this.#seq))[0]!));
  }

  async #digestsOf(copy: ReplicaCopy, index: number, buckets: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for await (const { digests } of this.#scan(copy, index, buckets, Buffer.alloc(0)))
      if (digests.length > 0) parts.push(digests);
    return Buffer.concat(parts, buckets * digestBytes);
  }

  #scan(copy: ReplicaCopy, index: number, buckets: number, chosen: Buffer): ReturnType<ReplicaCopy['scan']> {
    const { maxBytesPerSecond } = this.#limits;
    const onScanned = index === 0 ? this.#onScanned : () => {};
    return copy.scan({ maxBytesPerSecond, throughSeq: this.#seq, buckets, chosen }, onScanned);
  }

  async #compareGroup(chosen: BucketSet, buckets: number): Promise<void> {
    const [first, ...others] = await Promise.all(
      this.#copies.map((copy, index) => this.#recordsOf(copy, index, buckets, chosen.bytes)),
    );
    const suspects = new Set<string>();
    for (const other of others) {
      for (const [key, record] of other) if (!isSame(first!.get(key), record)) suspects.add(key);
      for (const key of first!.keys()) if (!other.has(key)) suspects.add(key);
    }
    const keys = [...suspects].filter((key) => !this.differences.has(key));
    for (let start = 0; start < keys.length && !this.hasMore; start += batchKeys) {
      const differing = await settleKeys(this.#copies, keys.slice(start, start + batchKeys), this.#seq);
      for (const found of differing) this.differences.set(found.key, { ...found, ...blame(found.reads) });
    }
  }

  async #recordsOf(copy: ReplicaCopy, index: number, buckets: number, chosen: Buffer): Promise<Map<string, CheckedRecord>> {
    const found = new Map<string, CheckedRecord>();
    for await (const { records } of this.#scan(copy, index, buckets, chosen)) {
      for (const record of records) {
        const key = record.key.toString();
        if (!Buffer.from(key).equals(record.key)) this.unreadable.push({ copy: index, key: Buffer.from(record.key) });
        else if ((found.get(key)?.version ?? 0) < record.version) found.set(key, record);
      }
    }
    return found;
  }
}

function isSame(one: CheckedRecord | undefined, other: CheckedRecord): boolean {
  return one !== undefined && sameRecord(one, other);
}

function bucketsFor(keys: number): number {
  const wanted = Math.min(mostBuckets, Math.max(leastBuckets, keys / recordsOfBucket));
  return 2 ** Math.ceil(Math.log2(wanted));
}

/** Buckets that differ in some copy, in groups that have at most about `mostRecords` records in each copy. */
function* groupsOf(digests: readonly Buffer[], buckets: number, mostRecords: number): Iterable<readonly number[]> {
  const [first, ...others] = digests as readonly [Buffer, ...Buffer[]];
  let group: number[] = [];
  let records = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    if (others.every((other) => sameDigest(first, other, bucket))) continue;
    const added = Math.max(...digests.map((each) => recordsIn(each, bucket)));
    if (group.length > 0 && records + added > mostRecords) {
      yield group;
      group = [];
      records = 0;
    }
    group.push(bucket);
    records += added;
  }
  if (group.length > 0) yield group;
}
