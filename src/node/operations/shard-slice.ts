/**
 * What one slice of a pipeline asks of many shards, once each: whether their reads may be served, which holds for the turn
 * (R9), and which of them have writes that may leave at its end.
 */
import { KvError } from '../../errors.js';
import type { LocalShard } from '../shards/local-shard.js';
import type { ShardDirectory } from '../shards/shard-directory.js';

export class ShardVisits {
  readonly #directory: ShardDirectory;
  /** By shard: the slice in which it was last asked, and what it said. */
  readonly #askedIn: number[] = [];
  readonly #refusals: (KvError | undefined)[] = [];
  readonly #writtenIn: number[] = [];
  readonly #written: LocalShard[] = [];
  #slice = 0;
  #nowMs = 0;

  constructor(directory: ShardDirectory) {
    this.#directory = directory;
  }

  /** Monotonic, after everything in the slice has come in. */
  get nowMs(): number {
    return this.#nowMs;
  }

  begin(nowMs: number): void {
    this.#slice++;
    this.#nowMs = nowMs;
  }

  /** @throws KvError NOT_PRIMARY where this node holds no copy. */
  local(shard: number): LocalShard {
    const local = this.#directory.local(shard);
    if (local === undefined) throw notHeld(shard);
    return local;
  }

  refusalOfRead(shard: number, local: LocalShard): KvError | undefined {
    if (this.#askedIn[shard] === this.#slice) return this.#refusals[shard];
    this.#askedIn[shard] = this.#slice;
    const refusal = local.refusalOfRead(this.#nowMs);
    this.#refusals[shard] = refusal;
    return refusal;
  }

  wrote(shard: number, local: LocalShard): void {
    if (this.#writtenIn[shard] === this.#slice) return;
    this.#writtenIn[shard] = this.#slice;
    this.#written.push(local);
  }

  /** What was written goes to the backups now, and not at the end of the turn. */
  flush(): void {
    for (const local of this.#written) local.flush();
    this.#written.length = 0;
  }
}

export function notHeld(shard: number): KvError {
  return new KvError('NOT_PRIMARY', `this node holds no copy of shard ${shard}`);
}
