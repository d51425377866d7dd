/**
 * Whether a write may be taken: the data must fit into the memory of every node that holds a copy of it. The primary
 * judges for all of them, before the write has an entry, so that no backup can die of what the primary has accepted.
 *
 * What makes the data smaller, or no larger, is always taken.
 */
import { KvError } from '../../errors.js';
import type { Storage } from '../../storage/index.js';
import { costOf, costOfData, costOfUncommitted } from './data-account.js';

/** A node that holds a copy, or is being given one. */
export interface Holder {
  readonly nodeId: string;
  /** For data. */
  readonly limitBytes: number;
  /** What its data costs, of all its shards, as it has told; undefined: what this node's does. */
  readonly toldBytes?: number | undefined;
}

export interface AdmissionSources {
  readonly storage: Pick<Storage, 'dataBytes' | 'keyCount' | 'get'>;
  /** What the other shards of this node cost, writes under way included. */
  otherShardsBytes(): number;
  /** Shards of this node that share its memory, this one included: from 1. */
  shardCount(): number;
  /** As the log counts them. */
  uncommittedBytes(): number;
  /** Of all shards of this node together, and the most they may be. */
  nodeUncommittedBytes(): number;
  readonly maxUncommittedBytes: number;
  /** Of the newest entry of the key that is not committed; undefined: there is none. 0: it deletes. */
  uncommittedValueBytes(key: string): number | undefined;
  /** Nobody, unless this node is primary: then others judge. */
  holders(): readonly Holder[];
}

export interface ProposedWrite {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** Who holds a copy is asked again after so long. What may come in meanwhile is small beside what is set aside. */
const validMs = 100;

export class WriteAdmission {
  readonly #sources: AdmissionSources;
  /** What may be added without looking again: as if nothing were overwritten or deleted. */
  #roomBytes = 0;
  #validUntilMs = Number.NEGATIVE_INFINITY;

  constructor(sources: AdmissionSources) {
    this.#sources = sources;
  }

  /** Why the write must not be taken: definitely not executed. Undefined: it is counted as taken. */
  refusalOf({ key, value }: ProposedWrite, nowMs: number): KvError | undefined {
    if (value === undefined) return undefined;
    const cost = costOf(key, value.length);
    if (cost <= this.#roomBytes && nowMs < this.#validUntilMs) {
      this.#roomBytes -= cost;
      return undefined;
    }
    return this.#lookCloser(key, value.length, cost, nowMs);
  }

  /** What the data of this shard costs, writes under way included. */
  get ownBytes(): number {
    return costOfData(this.#sources.storage) + costOfUncommitted(this.#sources.uncommittedBytes());
  }

  /** The same of all shards of this node. */
  get usedBytes(): number {
    return this.ownBytes + this.#sources.otherShardsBytes();
  }

  #lookCloser(key: string, valueBytes: number, cost: number, nowMs: number): KvError | undefined {
    // The core bounds it for each shard alone.
    const acceptableBytes = this.#sources.maxUncommittedBytes - this.#sources.nodeUncommittedBytes();
    if (acceptableBytes <= 0)
      return new KvError(
        'OVERLOADED',
        `${this.#sources.maxUncommittedBytes} bytes of writes wait to be committed at this node already`,
      );
    const { ownBytes, usedBytes: ownUsedBytes } = this;
    const underWayBytes = costOfUncommitted(this.#sources.uncommittedBytes());
    let fullest: Holder | undefined;
    let usedBytes = ownUsedBytes;
    let roomBytes = Number.POSITIVE_INFINITY;
    for (const holder of this.#sources.holders()) {
      const { toldBytes, limitBytes } = holder;
      // What is under way here is not in what it has told; and it will hold all of this shard, if it does not yet.
      const used = toldBytes === undefined ? ownUsedBytes : Math.max(ownBytes, toldBytes + underWayBytes);
      const room = Math.max(0, limitBytes - used);
      if (fullest !== undefined && room >= roomBytes) continue;
      fullest = holder;
      usedBytes = used;
      roomBytes = room;
    }
    // Others may take their part before they look again.
    this.#roomBytes = Math.min(roomBytes, acceptableBytes) / this.#sources.shardCount() - cost;
    this.#validUntilMs = nowMs + validMs;
    if (cost <= roomBytes) return undefined;
    if (fullest === undefined || this.#growsNothing(key, valueBytes)) return undefined;
    const { nodeId, limitBytes } = fullest;
    return new KvError(
      'MEMORY_FULL',
      `the data takes ${usedBytes} of the ${limitBytes} bytes that node ${nodeId} has for it; nothing was written. ` +
        'Delete keys, or start that node with a larger --max-memory',
    );
  }

  #growsNothing(key: string, valueBytes: number): boolean {
    const uncommitted = this.#sources.uncommittedValueBytes(key);
    if (uncommitted !== undefined) return valueBytes <= uncommitted;
    const stored = this.#sources.storage.get(key);
    // An engine that has to wait for a disk does not keep its values in memory.
    return stored instanceof Promise || (stored !== undefined && valueBytes <= stored.value.length);
  }
}
