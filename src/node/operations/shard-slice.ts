/**
 * The work on operations in one stretch of a turn. In a slice the node asks each shard once whether reads may be served,
 * which holds for the turn (R9).
 */
import type { KvError } from '../../errors.js';
import type { LocalShard } from '../shards/local-shard.js';

export class ShardSlice {
  /** By shard: the number of the slice in which it was last asked, and its answer. */
  readonly #askedIn: number[] = [];
  readonly #refusals: (KvError | undefined)[] = [];
  #number = 0;
  #nowMs = 0;

  /** Monotonic, sampled after everything in the slice had come in. */
  get nowMs(): number {
    return this.#nowMs;
  }

  begin(nowMs: number): void {
    this.#number++;
    this.#nowMs = nowMs;
  }

  refusalOfRead(shard: number, local: LocalShard): KvError | undefined {
    if (this.#askedIn[shard] === this.#number) return this.#refusals[shard];
    this.#askedIn[shard] = this.#number;
    const refusal = local.refusalOfRead(this.#nowMs);
    this.#refusals[shard] = refusal;
    return refusal;
  }
}
