/**
 * Expiry as the log shows it (R17): the shard's time never goes back, and a primary deletes only keys that are due. The model also
 * lists the writes that no client has asked for with an answer, because the judge of histories must know of them.
 */
import type { KeyWrite, LogEntry } from '../../src/replication/index.js';
import { sameBytes } from './same-bytes.js';
import { require } from './violation.js';

/** What a key was before an entry. */
interface Before {
  readonly value: Uint8Array | undefined;
  readonly expiresAtMs: number | undefined;
}

/** A delete of a due key, or a write of `touch` or `persist`, which leaves the value as it is. */
export interface Unasked {
  readonly generation: number;
  readonly key: string;
  readonly seq: number;
  /** Undefined: the key has expired. */
  readonly value: Uint8Array | undefined;
  /** When it committed. */
  readonly atMs: number;
  /** It was applied after its generation had ended: clients may have seen it, or not (R7, R13). */
  readonly isLost: boolean;
}

export class ExpiryModel {
  readonly unasked: Unasked[] = [];
  #latestMs = 0;

  /** @param nowMs of the run */
  commit(
    { seq, writes, atMs }: LogEntry,
    { key, value }: KeyWrite,
    before: Before | undefined,
    generation: number,
    nowMs: number,
  ): void {
    if (atMs !== undefined) this.#goOn(seq, atMs);
    // A transaction that deletes is timed only if it also writes a key with a TTL.
    const isExpired = atMs !== undefined && writes.every((write) => write.value === undefined);
    if (isExpired)
      require(before?.value !== undefined && before.expiresAtMs !== undefined && before.expiresAtMs <= atMs, () =>
        `entry ${seq} deletes ${key} at ${atMs}, which is due at ${before?.expiresAtMs}`);
    const isKept = value !== undefined && sameBytes(before?.value, value);
    if (isExpired || isKept) this.unasked.push({ generation, key, seq, value, atMs: nowMs, isLost: false });
  }

  /** The entry is not part of the present generation. @param before the value that the key had at the replica. */
  noteLost({ seq }: LogEntry, { key, value }: KeyWrite, before: Uint8Array | undefined, generation: number, nowMs: number): void {
    const isNoted = this.unasked.some((one) => one.generation === generation && one.seq === seq && one.key === key);
    if (!isNoted && (value === undefined || sameBytes(before, value)))
      this.unasked.push({ generation, key, seq, value, atMs: nowMs, isLost: true });
  }

  /** Another history, or a part of this one, with what its first replica knows. */
  begin(): void {
    this.#latestMs = 0;
  }

  #goOn(seq: number, atMs: number): void {
    require(atMs >= this.#latestMs, () => `entry ${seq} turns the time of the shard back from ${this.#latestMs} to ${atMs}`);
    this.#latestMs = atMs;
  }
}
