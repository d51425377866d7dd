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

  holderOf(id: ReplicaId, toldBytes?: number): Holder {
    return { nodeId: nodeIdOf(id), limitBytes: this.#limits.get(id) ?? unlimited, toldBytes };
  }

  isFull(id: ReplicaId): boolean {
    return this.#full.has(id);
  }

  /** Where others judge, nobody is short of room. @returns whether that has changed for anybody. */
  forget(): boolean {
    const changed = this.#full.size > 0;
    if (changed) this.#full = new Set();
    return changed;
  }

  /** Judges anew who has no room for what it is to hold. @returns whether that has changed for anybody. */
  judge(candidates: readonly Candidate[], neededBytesOf: (candidate: Candidate) => number): boolean {
    const full = candidates.filter((candidate) => neededBytesOf(candidate) > (candidate.dataLimitBytes ?? unlimited));
    const changed = full.length !== this.#full.size || full.some(({ replicaId }) => !this.#full.has(replicaId));
    for (const candidate of full) {
      const { replicaId, nodeId, dataLimitBytes } = candidate;
      if (this.#full.has(replicaId)) continue;
      const message =
        'a node has too little memory for the data: where it holds no copy it is given none; delete keys, or raise its --max-memory';
      this.#logger.warn({ for: nodeId, neededBytes: neededBytesOf(candidate), limitBytes: dataLimitBytes }, message);
    }
    this.#full = new Set(full.map(({ replicaId }) => replicaId));
    return changed;
  }
}
