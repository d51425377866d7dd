/**
 * What one thread knows about the keys it alone writes, and what may therefore not be seen. Pure.
 *
 * It keeps, for each key, the newest acknowledged write and the writes whose outcome is unknown: enough to check every
 * read as it comes, and strictly the last one, in memory that grows with the keys and the errors but not with the writes.
 */
import { decodeValue } from './values.js';

/** A key that existed before the run, or one that was read. */
export interface Found {
  readonly version: number;
  readonly value: Buffer;
}

interface KeyHistory {
  baseline: Found | undefined;
  acknowledged: { version: number; counter: number } | undefined;
  /** Highest version acknowledged or read: no later read may see a lower one. 0 while none is known. */
  knownVersion: number;
  /** Counters of writes that may have happened. */
  unknown: Set<number>;
}

/** Refused writes remembered, to notice if one becomes visible all the same; the oldest are forgotten. */
const maxRefused = 100_000;

export class History {
  readonly #run: string;
  readonly #thread: number;
  readonly #keys = new Map<number, KeyHistory>();
  readonly #refused = new Set<number>();
  #lastCounter = 0;

  constructor(run: string, thread: number) {
    this.#run = run;
    this.#thread = thread;
  }

  /** What was there before this run. */
  setBaseline(keyIndex: number, found: Found | undefined): void {
    const key = this.#key(keyIndex);
    key.baseline = found;
    key.knownVersion = found?.version ?? 0;
  }

  nextCounter(): number {
    this.#lastCounter += 1;
    return this.#lastCounter;
  }

  /** To be taken before an operation begins: what it must see at least. */
  knownVersion(keyIndex: number): number {
    return this.#key(keyIndex).knownVersion;
  }

  /** @returns what is wrong with it, if anything. */
  writeAcknowledged(keyIndex: number, counter: number, version: number, knownBefore: number): string | undefined {
    const key = this.#key(keyIndex);
    const wrong = version > knownBefore ? undefined : `a write was given version ${version} after ${knownBefore} was known`;
    if (version > (key.acknowledged?.version ?? 0)) key.acknowledged = { version, counter };
    key.knownVersion = Math.max(key.knownVersion, version);
    return wrong;
  }

  writeUnknown(keyIndex: number, counter: number): void {
    this.#key(keyIndex).unknown.add(counter);
  }

  writeRefused(counter: number): void {
    this.#refused.add(counter);
    if (this.#refused.size <= maxRefused) return;
    for (const oldest of this.#refused) {
      this.#refused.delete(oldest);
      return;
    }
  }

  /** While other operations on the key may be under way. @returns what is wrong, if anything. */
  read(keyIndex: number, found: Found | undefined, knownBefore: number): string | undefined {
    const key = this.#key(keyIndex);
    const version = found?.version ?? 0;
    if (version < knownBefore) return `version ${version} was read after ${knownBefore} was known`;
    key.knownVersion = Math.max(key.knownVersion, version);
    if (found === undefined || isBaseline(key, found)) return undefined;
    const counter = this.#counterOf(keyIndex, found);
    if (counter === undefined) return `a value nobody wrote, at version ${version}`;
    if (this.#refused.has(counter)) return `write ${counter} was refused as not executed, yet is visible at version ${version}`;
    return wrongOwner(key, version, counter);
  }

  /** After everything has ended. @returns what is wrong, if anything. */
  finalRead(keyIndex: number, found: Found | undefined): string | undefined {
    const key = this.#key(keyIndex);
    const { acknowledged } = key;
    const version = found?.version ?? 0;
    if (acknowledged !== undefined && version < acknowledged.version)
      return `acknowledged write ${acknowledged.counter} (version ${acknowledged.version}) is missing: version ${version} is there`;
    const wrong = this.read(keyIndex, found, key.knownVersion);
    if (wrong !== undefined || found === undefined || isBaseline(key, found)) return wrong;
    if (version === acknowledged?.version) return undefined;
    const counter = this.#counterOf(keyIndex, found)!;
    return key.unknown.has(counter) ? undefined : `version ${version} holds write ${counter}, which was not the last one`;
  }

  /** The counter of a value that this thread may have written to this key. */
  #counterOf(keyIndex: number, found: Found): number | undefined {
    const tag = decodeValue(found.value);
    if (tag === undefined || tag.run !== this.#run || tag.thread !== this.#thread) return undefined;
    return tag.keyIndex === keyIndex && tag.counter >= 1 && tag.counter <= this.#lastCounter ? tag.counter : undefined;
  }

  #key(keyIndex: number): KeyHistory {
    let key = this.#keys.get(keyIndex);
    if (key === undefined) {
      key = { baseline: undefined, acknowledged: undefined, knownVersion: 0, unknown: new Set() };
      this.#keys.set(keyIndex, key);
    }
    return key;
  }
}

function isBaseline({ baseline }: KeyHistory, found: Found): boolean {
  return baseline !== undefined && baseline.version === found.version && baseline.value.equals(found.value);
}

function wrongOwner({ acknowledged }: KeyHistory, version: number, counter: number): string | undefined {
  if (acknowledged === undefined || acknowledged.version !== version || acknowledged.counter === counter) return undefined;
  return `version ${version} holds write ${counter}, but was given to write ${acknowledged.counter}`;
}
