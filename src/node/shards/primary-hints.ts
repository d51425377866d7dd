/**
 * Where the primaries are of shards that this node does not hold, as far as requests that it passed on have taught it: from
 * ZooKeeper it knows only where such a shard is placed, which is not always where it is led.
 */
import type { KvError } from '../../errors.js';

/** For so long nobody is asked who could not be reached or did not answer, where there is somebody else. */
const avoidMs = 5_000;

export class PrimaryHints {
  /** By shard: who served it last, or was named by a refusal. */
  readonly #named = new Map<number, string>();
  /** By address. */
  readonly #avoidedUntilMs = new Map<string, number>();

  /** @param holders those that are to hold the shard and live, the preferred primary first; `isLive` of any node. */
  choose(
    shard: number,
    holders: readonly string[],
    isLive: (address: string) => boolean,
    nowMs: number = performance.now(),
  ): string | undefined {
    const named = this.#named.get(shard);
    const candidates = named !== undefined && isLive(named) ? [named, ...holders] : holders;
    return candidates.find((address) => (this.#avoidedUntilMs.get(address) ?? 0) <= nowMs) ?? candidates[0];
  }

  /** `failure`: undefined if the node served the request. */
  learn(shard: number, asked: string, failure: KvError | undefined, nowMs: number = performance.now()): void {
    const named = failure === undefined ? asked : failure.primaryAddress;
    const isUnheard = failure?.code === 'NO_PRIMARY' || failure?.executed === 'unknown';
    if (named !== undefined) this.#named.set(shard, named);
    else if ((isUnheard || failure?.code === 'NOT_PRIMARY') && this.#named.get(shard) === asked) this.#named.delete(shard);
    if (isUnheard) this.#avoidedUntilMs.set(asked, nowMs + avoidMs);
    else this.#avoidedUntilMs.delete(asked);
    // Somebody still knows it as primary: that it did not answer in time may have been its caller's haste.
    if (named !== undefined) this.#avoidedUntilMs.delete(named);
    for (const [address, untilMs] of this.#avoidedUntilMs) if (untilMs <= nowMs) this.#avoidedUntilMs.delete(address);
  }
}
