/**
 * The memory accounts of the nodes that hold one shard, or are candidates for it: how much each has for data, how much it uses,
 * and which of them have too little. A node with too little gets no copy, and the log has the reason.
 *
 * A node reports what it has applied, which this primary committed a moment before. So what the shard has grown by since the
 * report before the last is added to the last one. For half a second that may be too much, but never too little.
 */
import type { Logger } from 'pino';
import type { Candidate } from '../../coordination/index.js';
import { nodeIdOf, type ReplicaId } from '../../replication/index.js';
import { costOfData, type StoredAmount } from './data-cost.js';
import { diskFullBytes, type NodeAccount } from './node-account.js';

/** A node that holds a copy of the shard, or is being given one. */
export interface Holder {
  readonly nodeId: string;
  /** The most that its data may cost. */
  readonly limitBytes: number;
  /** The limit follows from `--max-data`. Default: from `--max-memory`. */
  readonly isDiskBound?: boolean;
  /** What its data costs, all shards together, by its own reports; `diskFullBytes`. Undefined: this node's own use stands for it. */
  readonly reportedBytes?: number | undefined;
}

interface Report {
  readonly bytes: number;
  /** The cost of the shard here when the report came. */
  readonly shardBytes: number;
  /** The part of `shardBytes` that `bytes` surely includes. */
  readonly includedBytes: number;
}

interface Limit {
  readonly bytes: number;
  readonly isDiskBound: boolean;
}

/** The limit of a node that registered none. */
const unlimited: Limit = { bytes: Number.MAX_SAFE_INTEGER, isDiskBound: false };

export class HolderAccounts {
  readonly #node: Pick<NodeAccount, 'dueBytesOf' | 'holdsOtherShards'>;
  readonly #storage: StoredAmount;
  readonly #logger: Logger;
  #candidates: readonly Candidate[] = [];
  /** A limit outlives the znode that named it for as long as the replica holds a copy. */
  readonly #limits = new Map<ReplicaId, Limit>();
  readonly #reports = new Map<ReplicaId, Report>();
  #full: ReadonlySet<ReplicaId> = new Set();

  /** @param storage what is stored of the shard at this node. */
  constructor(node: Pick<NodeAccount, 'dueBytesOf' | 'holdsOtherShards'>, storage: StoredAmount, logger: Logger) {
    this.#node = node;
    this.#storage = storage;
    this.#logger = logger;
  }

  learnCandidates(candidates: readonly Candidate[], holders: readonly ReplicaId[]): void {
    this.#candidates = candidates;
    const kept = new Set([...candidates.map(({ replicaId }) => replicaId), ...holders]);
    for (const id of this.#limits.keys()) if (!kept.has(id)) this.#limits.delete(id);
    for (const candidate of candidates) this.#limits.set(candidate.replicaId, limitOf(candidate));
  }

  /** The node of a replica has reported its use. Undefined: the link is down, and what was reported before no longer counts. */
  learnUse(id: ReplicaId, bytes: number | undefined): void {
    if (bytes === undefined) {
      this.#reports.delete(id);
      return;
    }
    const shardBytes = costOfData(this.#storage);
    const before = this.#reports.get(id)?.shardBytes ?? shardBytes;
    this.#reports.set(id, { bytes, shardBytes, includedBytes: Math.min(before, shardBytes) });
  }

  holderOf(id: ReplicaId): Holder {
    const nodeId = nodeIdOf(id);
    const { bytes: limitBytes, isDiskBound } = this.#limits.get(id) ?? unlimited;
    return { nodeId, limitBytes, isDiskBound, reportedBytes: this.#reportedBytesOf(id, nodeId) };
  }

  isFull(id: ReplicaId): boolean {
    return this.#full.has(id);
  }

  /**
   * Judges which candidates have no room for what they hold or are to hold, whichever is more. Only the primary judges; at any
   * other replica no candidate counts as full.
   * @returns whether that has changed for any candidate.
   */
  judge(isPrimary: boolean): boolean {
    const full = isPrimary ? this.#candidates.filter((candidate) => this.#lacksRoom(candidate)) : [];
    const hasChanged = full.length !== this.#full.size || full.some(({ replicaId }) => !this.#full.has(replicaId));
    for (const candidate of full) if (!this.#full.has(candidate.replicaId)) this.#log(candidate);
    if (hasChanged) this.#full = new Set(full.map(({ replicaId }) => replicaId));
    return hasChanged;
  }

  #lacksRoom(candidate: Candidate): boolean {
    return this.#neededBytesOf(candidate) > limitOf(candidate).bytes;
  }

  #neededBytesOf({ replicaId, nodeId }: Candidate): number {
    return Math.max(this.#reportedBytesOf(replicaId, nodeId) ?? 0, this.#node.dueBytesOf(nodeId));
  }

  /** If all shards of a node are here as well, this node's own count is exact at every moment, and no report is needed. */
  #reportedBytesOf(id: ReplicaId, nodeId: string): number | undefined {
    const report = this.#reports.get(id);
    if (report?.bytes === diskFullBytes) return diskFullBytes;
    if (!this.#node.holdsOtherShards(nodeId)) return undefined;
    return report && Math.max(0, report.bytes + costOfData(this.#storage) - report.includedBytes);
  }

  #log(candidate: Candidate): void {
    const { nodeId, dataLimitBytes } = candidate;
    const neededBytes = this.#neededBytesOf(candidate);
    const isDiskFull = neededBytes === diskFullBytes;
    const fields = isDiskFull ? { for: nodeId } : { for: nodeId, neededBytes, limitBytes: dataLimitBytes };
    this.#logger.warn(
      fields,
      isDiskFull
        ? 'the disk of a node is full: where it holds no copy it is given none; make room, or raise its --max-data'
        : tooLittleText(limitOf(candidate)),
    );
  }
}

function limitOf({ dataLimitBytes, diskBound = false }: Candidate): Limit {
  return dataLimitBytes === undefined ? unlimited : { bytes: dataLimitBytes, isDiskBound: diskBound };
}

function tooLittleText(limit: Limit): string {
  const kind = limit.isDiskBound ? 'disk' : 'memory';
  return `a node has too little ${kind} for the data: where it holds no copy it is given none; delete keys, or raise its ${limitOption(limit)}`;
}

/** The option of kvnode that gives a node more room for data. */
export function limitOption({ isDiskBound = false }: Pick<Holder, 'isDiskBound'>): string {
  return isDiskBound ? '--max-data' : '--max-memory';
}
