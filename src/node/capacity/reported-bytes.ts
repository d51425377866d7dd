/**
 * What the nodes of a shard's other replicas have told of how much their data takes (data-report.ts), brought up to date with what
 * this shard has grown by since.
 *
 * A node tells of what it has applied, which is what was committed here a moment before. So what the shard has grown by since the
 * telling before is added: too much for half a second at most, not too little.
 */
import type { ReplicaId } from '../../replication/index.js';

interface Told {
  readonly bytes: number;
  /** What the shard cost here then, and what of that is surely in `bytes`. */
  readonly shardBytes: number;
  readonly countedBytes: number;
}

export class ReportedBytes {
  readonly #shardBytes: () => number;
  readonly #told = new Map<ReplicaId, Told>();

  /** `shardBytes`: what the committed data of the shard costs here. */
  constructor(shardBytes: () => number) {
    this.#shardBytes = shardBytes;
  }

  /** Undefined: nothing is known any more. */
  learn(id: ReplicaId, bytes: number | undefined): void {
    if (bytes === undefined) {
      this.#told.delete(id);
      return;
    }
    const shardBytes = this.#shardBytes();
    const before = this.#told.get(id)?.shardBytes ?? shardBytes;
    this.#told.set(id, { bytes, shardBytes, countedBytes: Math.min(before, shardBytes) });
  }

  of(id: ReplicaId): number | undefined {
    const told = this.#told.get(id);
    return told && Math.max(0, told.bytes + this.#shardBytes() - told.countedBytes);
  }
}
