/**
 * The work on operations in one stretch of a turn. In a slice the node asks each shard once whether reads may be served,
 * which holds for the turn (R9), and remembers which shards have been written to.
 */
import type { KvError } from '../../errors.js';
import type { LocalShard } from '../shards/local-shard.js';

export class ShardSlice {
  /** By shard: the number of the slice in which it was last asked, and its answer. */
  readonly #askedIn: number[] = [];
  readonly #refusals: (KvError | undefined)[] = [];
  readonly #writtenIn: number[] = [];
  readonly #written: LocalShard[] = [];
  #number = 0;
  #nowMs = 0;

  /** Monotonic, sampled after everything in the slice had come in. */
  get nowMs(): number {
    return this.#nowMs;
  }

  begin(nowMs: number): void {
    this.#number++;
    this.#nowMs = nowMs;
    this.#written.length = 0;
  }

  refusalOfRead(shard: number, local: LocalShard): KvError | undefined {
    if (this.#askedIn[shard] === this.#number) return this.#refusals[shard];
    this.#askedIn[shard] = this.#number;
    const refusal = local.refusalOfRead(this.#nowMs);
    this.#refusals[shard] = refusal;
    return refusal;
  }

  wrote(shard: number, local: LocalShard): void {
    if (this.#writtenIn[shard] === this.#number) return;
    this.#writtenIn[shard] = this.#number;
    this.#written.push(local);
  }

  /** Sends the writes of the slice to the backups now; without a flush they leave at the end of the turn. */
  flush(): void {
    for (const local of this.#written) local.flush();
    this.#written.length = 0;
  }
}
