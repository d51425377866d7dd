/**
 * Hints where the primaries of shards that this node does not hold are, learnt from the requests that it forwarded. From ZooKeeper
 * the node knows only where such a shard is placed, and its primary is not always the preferred one.
 */
import type { KvError } from '../../errors.js';

/** A node that could not be reached or did not answer gets no request for this long, if there is another node to try. */
const avoidMs = 5_000;

export class PrimaryHints {
  /** By shard: the address of the node that served it last, or that a refusal named. */
  readonly #named = new Map<number, string>();
  /** By address: until when it is avoided. */
  readonly #avoidedUntilMs = new Map<string, number>();

  /**
   * @param holders the live nodes on which the shard is placed, the preferred primary first.
   * @param isLive whether the node at an address is registered.
   */
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

  /** A request was forwarded to the node at an address. `failure`: undefined if that node served it. */
  learn(shard: number, address: string, failure: KvError | undefined, nowMs: number = performance.now()): void {
    const named = failure === undefined ? address : failure.primaryAddress;
    const isSilent = failure?.code === 'NO_PRIMARY' || failure?.executed === 'unknown';
    if (named !== undefined) this.#named.set(shard, named);
    else if ((isSilent || failure?.code === 'NOT_PRIMARY') && this.#named.get(shard) === address) this.#named.delete(shard);
    if (isSilent) this.#avoidedUntilMs.set(address, nowMs + avoidMs);
    else this.#avoidedUntilMs.delete(address);
    // Another node still names it as primary: its late answer may have been due to a short deadline of the caller.
    if (named !== undefined) this.#avoidedUntilMs.delete(named);
    for (const [address, untilMs] of this.#avoidedUntilMs) if (untilMs <= nowMs) this.#avoidedUntilMs.delete(address);
  }
}
