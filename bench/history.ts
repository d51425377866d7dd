/**
 * The knowledge of one thread about the keys that it alone writes, and the checks that follow from it. Pure.
 *
 * For each key it keeps the newest acknowledged write and the unknown writes. That is enough to check every read
 * loosely when it arrives, and the last read strictly. The memory grows with the keys and the errors, but not with the
 * writes.
 */
import { decodeValue } from './values.js';

/** The result of a read, or of a key that existed before the run. */
export interface FoundValue {
  readonly version: number;
  readonly value: Buffer;
}

interface KeyHistory {
  baseline: FoundValue | undefined;
  acknowledged: { version: number; counter: number } | undefined;
  /** The highest version acknowledged or read. No later read may return a lower one. 0 while none is known. */
  knownVersion: number;
  /** The counters of unknown writes. */
  unknown: Set<number>;
}

/**
 * The number of refused writes that are kept, to detect one that becomes visible nevertheless. The oldest are dropped.
 */
const maxRefused = 100_000;

export class BenchHistory {
  readonly #run: string;
  readonly #thread: number;
  readonly #keys = new Map<number, KeyHistory>();
  readonly #refused = new Set<number>();
  #lastCounter = 0;

  constructor(run: string, thread: number) {
    this.#run = run;
    this.#thread = thread;
  }

  /** Sets the value and version of the key before this run. */
  setBaseline(keyIndex: number, found: FoundValue | undefined): void {
    const key = this.#key(keyIndex);
    key.baseline = found;
    key.knownVersion = found?.version ?? 0;
  }

  nextCounter(): number {
    this.#lastCounter += 1;
    return this.#lastCounter;
  }

  /** Call this before an operation begins: the operation must not return a lower version. */
  knownVersion(keyIndex: number): number {
    return this.#key(keyIndex).knownVersion;
  }

  /** @returns the violation, if there is one */
  writeAcknowledged(keyIndex: number, counter: number, version: number, knownBefore: number): string | undefined {
    const key = this.#key(keyIndex);
    const wrong = version > knownBefore ? undefined : `a write got version ${version} after ${knownBefore} was known`;
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

  /** Checks a read while other operations on the key may be in flight. @returns the violation, if there is one */
  read(keyIndex: number, found: FoundValue | undefined, knownBefore: number): string | undefined {
    const key = this.#key(keyIndex);
    const version = found?.version ?? 0;
    if (version < knownBefore) return `version ${version} was read after ${knownBefore} was known`;
    key.knownVersion = Math.max(key.knownVersion, version);
    if (found === undefined || isBaseline(key, found)) return undefined;
    const counter = this.#counterOf(keyIndex, found);
    if (counter === undefined) return `a value that no thread wrote, at version ${version}`;
    if (this.#refused.has(counter)) return `write ${counter} was refused as not executed, yet is visible at version ${version}`;
    return wrongOwner(key, version, counter);
  }

  /** Checks a read after all operations have ended. @returns the violation, if there is one */
  finalRead(keyIndex: number, found: FoundValue | undefined): string | undefined {
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
  #counterOf(keyIndex: number, found: FoundValue): number | undefined {
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

function isBaseline({ baseline }: KeyHistory, found: FoundValue): boolean {
  return baseline !== undefined && baseline.version === found.version && baseline.value.equals(found.value);
}

function wrongOwner({ acknowledged }: KeyHistory, version: number, counter: number): string | undefined {
  if (acknowledged === undefined || acknowledged.version !== version || acknowledged.counter === counter) return undefined;
  return `version ${version} holds write ${counter}, but belongs to write ${acknowledged.counter}`;
}
