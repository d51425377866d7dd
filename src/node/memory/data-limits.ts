/**
 * What the nodes of a shard have for its data, as they registered it, and which of them have too little: they are given no
 * copy, and told in the log why.
 */
import type { Logger } from 'pino';
import type { Candidate } from '../../coordination/index.js';
import { nodeIdOf, type ReplicaId } from '../../replication/index.js';
import type { Holder } from './write-admission.js';

/** Of a node that does not say. */
const unlimited = Number.MAX_SAFE_INTEGER;

export class DataLimits {
  readonly #logger: Logger;
  /** Also of those whose znode is gone, as long as they hold a copy. */
  readonly #limits = new Map<ReplicaId, number>();
  #full: ReadonlySet<ReplicaId> = new Set();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  learn(candidates: readonly Candidate[], holders: readonly ReplicaId[]): void {
    const kept = new Set([...candidates.map(({ replicaId }) => replicaId), ...holders]);
    for (const id of this.#limits.keys()) if (!kept.has(id)) this.#limits.delete(id);
    for (const { replicaId, dataLimitBytes } of candidates) this.#limits.set(replicaId, dataLimitBytes ?? unlimited);
  }

  holderOf(id: ReplicaId): Holder {
    return { nodeId: nodeIdOf(id), limitBytes: this.#limits.get(id) ?? unlimited };
  }

  isFull(id: ReplicaId): boolean {
    return this.#full.has(id);
  }

  /** Judges anew who has no room for so much. @returns whether that has changed for anybody. */
  judge(candidates: readonly Candidate[], usedBytes: number): boolean {
    const full = candidates.filter(({ dataLimitBytes }) => usedBytes > (dataLimitBytes ?? unlimited));
    const changed = full.length !== this.#full.size || full.some(({ replicaId }) => !this.#full.has(replicaId));
    for (const { replicaId, nodeId, dataLimitBytes } of full) {
      if (this.#full.has(replicaId)) continue;
      const message =
        'a node has too little memory for the data: where it holds no copy it is given none; delete keys, or raise its --max-memory';
      this.#logger.warn({ for: nodeId, usedBytes, limitBytes: dataLimitBytes }, message);
    }
    this.#full = new Set(full.map(({ replicaId }) => replicaId));
    return changed;
  }
}
