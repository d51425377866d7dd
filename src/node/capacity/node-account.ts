/**
 * The memory account of one node: what the data of its shards costs together, and what other nodes are to hold.
 *
 * The account only counts. `HolderAccounts` keeps the limits and the use of the nodes that hold one shard, and `WriteAdmission`
 * judges by both.
 */
import type { Placement } from '../../placement/index.js';
import { costOfData, costOfUncommitted, type StoredAmount } from './data-cost.js';
import type { NodeBudget } from './memory-budget.js';

/** A shard at this node, as far as its memory is counted. */
export interface CountedShard {
  readonly storage: StoredAmount;
  /** Bytes of the writes that are accepted and not committed, as the log counts them. */
  readonly uncommittedBytes: number;
  /** Memory of the requests that are recognised (R16). */
  readonly requestBytes: number;
}

/** What a node keeps its data on. */
export interface DataRoom {
  readonly hasRoom: boolean;
  /** The database with the data has so much to catch up with that no write is accepted. */
  readonly isBehind: boolean;
}

/** What a node reports as its use while its disk has no room. */
export const diskFullBytes = Number.MAX_SAFE_INTEGER;

interface Sums {
  /** The cost of all data, uncommitted writes included. */
  readonly usedBytes: number;
  readonly uncommittedBytes: number;
  readonly requestBytes: number;
}

/** The sums are counted again after this time at the earliest, because counting visits every shard. */
const countAgainMs = 10;

export class NodeAccount {
  readonly nodeId: string;
  readonly budget: NodeBudget;
  /** Shards of the cluster: this node may come to hold all of them. */
  readonly shardCount: number;
  readonly #disk: DataRoom;
  readonly #shards = new Set<CountedShard>();
  #sums: Sums = { usedBytes: 0, uncommittedBytes: 0, requestBytes: 0 };
  #countedMs = Number.NEGATIVE_INFINITY;
  #isOutdated = true;
  /** How many shards the placement gives to each node. */
  #placedCounts: ReadonlyMap<string, number> = new Map();
  /** The nodes that hold at least one shard of which this node has no copy. */
  #holdersOfOtherShards: ReadonlySet<string> = new Set();

  constructor(nodeId: string, budget: NodeBudget, shardCount: number, disk: DataRoom = { hasRoom: true, isBehind: false }) {
    this.nodeId = nodeId;
    this.#disk = disk;
    this.budget = budget;
    this.shardCount = shardCount;
  }

  /** False: the disk of this node has no room for a write that is not a delete. */
  get hasDiskRoom(): boolean {
    return this.#disk.hasRoom;
  }

  /** See `DataRoom`. */
  get isBehind(): boolean {
    return this.#disk.isBehind;
  }

  /** The cost of all data at this node, uncommitted writes included. It may be `countAgainMs` old. */
  get usedBytes(): number {
    return this.#count().usedBytes;
  }

  /** The uncommitted writes of all shards at this node. They may be counted `countAgainMs` ago. */
  get uncommittedBytes(): number {
    return this.#count().uncommittedBytes;
  }

  /** Whether the shards of this node may recognise more requests than their parts (R16). It may be counted `countAgainMs` ago. */
  get hasRoomForRequests(): boolean {
    return this.#count().requestBytes < this.budget.retainBytes;
  }

  add(shard: CountedShard): void {
    this.#shards.add(shard);
    this.#isOutdated = true;
  }

  remove(shard: CountedShard): void {
    this.#shards.delete(shard);
    this.#isOutdated = true;
  }

  /** The data or the uncommitted writes of a shard may have changed. */
  changed(): void {
    this.#isOutdated = true;
  }

  learnPlacement({ shards }: Placement): void {
    const counts = new Map<string, number>();
    for (const nodes of shards) for (const node of nodes) counts.set(node, (counts.get(node) ?? 0) + 1);
    this.#placedCounts = counts;
    this.#holdersOfOtherShards = new Set(shards.filter((nodes) => !nodes.includes(this.nodeId)).flat());
  }

  /** The cost of all shards at this node except one. */
  usedBytesBeside(shard: CountedShard): number {
    if (this.#shards.size <= 1) return 0;
    return Math.max(0, this.#count().usedBytes - usedBytesOf(shard));
  }

  /** What a node has to hold once it holds every shard that is placed on it, if each is as large as those here are on average. */
  dueBytesOf(nodeId: string): number {
    const averageBytes = this.#count().usedBytes / Math.max(1, this.#shards.size);
    return Math.ceil(averageBytes * (this.#placedCounts.get(nodeId) ?? 0));
  }

  /** Whether a node holds shards that are not here. If it does not, this node's own count stands for that node. */
  holdsOtherShards(nodeId: string): boolean {
    return this.#holdersOfOtherShards.has(nodeId);
  }

  #count(): Sums {
    if (!this.#isOutdated) return this.#sums;
    const nowMs = performance.now();
    if (nowMs < this.#countedMs + countAgainMs) return this.#sums;
    this.#countedMs = nowMs;
    this.#isOutdated = false;
    let usedBytes = 0;
    let uncommittedBytes = 0;
    let requestBytes = 0;
    for (const shard of this.#shards) {
      usedBytes += usedBytesOf(shard);
      uncommittedBytes += shard.uncommittedBytes;
      requestBytes += shard.requestBytes;
    }
    this.#sums = { usedBytes, uncommittedBytes, requestBytes };
    return this.#sums;
  }
}

/** What the data of one shard costs at this node, uncommitted writes included. */
export function usedBytesOf({ storage, uncommittedBytes, requestBytes }: CountedShard): number {
  return costOfData(storage) + costOfUncommitted(uncommittedBytes) + requestBytes;
}

/** A report looks at the account after this time at the earliest, because counting visits every shard. */
const lookAgainMs = 50;
/** A change by this much is reported at the next look. */
const largeChangeBytes = 2 ** 20;
/**
 * The use is reported again after this time, changed or not: the primary that receives it adds what its shard has grown by since
 * the report before, and stops adding once a later report includes that growth.
 */
const reportAgainMs = 500;

/**
 * Decides when to report the use of this node to one other node, whose primaries must not accept writes that do not fit here.
 * The report travels with messages that leave anyway.
 */
export class UseReport {
  readonly #account: Pick<NodeAccount, 'usedBytes' | 'hasDiskRoom'>;
  #reportedBytes = 0;
  #reportedMs = Number.NEGATIVE_INFINITY;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(account: Pick<NodeAccount, 'usedBytes' | 'hasDiskRoom'>) {
    this.#account = account;
  }

  /** The bytes to report with the message that leaves now; undefined: nothing is due. */
  take(nowMs: number): number | undefined {
    if (nowMs < this.#lookedMs + lookAgainMs) return undefined;
    this.#lookedMs = nowMs;
    const usedBytes = this.#account.hasDiskRoom ? this.#account.usedBytes : diskFullBytes;
    const isDue = nowMs >= this.#reportedMs + reportAgainMs || Math.abs(usedBytes - this.#reportedBytes) >= largeChangeBytes;
    if (!isDue) return undefined;
    this.#reportedBytes = usedBytes;
    this.#reportedMs = nowMs;
    return usedBytes;
  }
}
