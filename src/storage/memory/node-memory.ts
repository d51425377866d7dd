/**
 * What the storages in memory of one node share: the moment at which they apply the entries that they hold back, and scratch memory
 * that one of them uses at a time. With many shards a piece of their own for each storage would be out of the processor's caches
 * whenever it is needed.
 */
import { randomBytes } from 'node:crypto';
import { EncodedKey } from './encoded-key.js';
import { KeyHash } from './half-sip-hash.js';

/** A storage that holds entries back. */
export interface Holding {
  applyHeld(): void;
}

const seed = new Int32Array(new Uint8Array(randomBytes(8)).buffer);

export class NodeMemory {
  /** The number of storages that share the keys of the node about evenly. */
  readonly shardCount: number;
  /** The storages keep the order of their keys. */
  readonly isOrdered: boolean;
  /** The key of the present call. */
  readonly key = new EncodedKey();
  readonly hash = new KeyHash(seed[0]!, seed[1]!);
  #holding: Holding[] = [];

  constructor(shardCount = 1, isOrdered = true) {
    this.shardCount = shardCount;
    this.isOrdered = isOrdered;
  }

  /** The storage applies what it holds back after the current turn of the event loop, in one step with the others. */
  applyLater(storage: Holding): void {
    if (this.#holding.length === 0) setImmediate(() => this.#applyAll());
    this.#holding.push(storage);
  }

  #applyAll(): void {
    const holding = this.#holding;
    this.#holding = [];
    for (const storage of holding) storage.applyHeld();
  }
}
