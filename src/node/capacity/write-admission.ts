/**
 * Judges whether a write may be accepted: the data must fit into the memory, or on the disk, of every node that holds a copy of it. The primary
 * judges for all of them, before the write has a log entry, so that no backup dies of a write that the primary has accepted.
 *
 * A write that makes the data smaller, or no larger, is always accepted.
 */
import { KvError } from '../../errors.js';
import type { Storage } from '../../storage/index.js';
import { costOf, costOfUncommitted } from './data-cost.js';
import { type Holder, limitOption } from './holder-accounts.js';
import { type CountedShard, diskFullBytes, type NodeAccount, usedBytesOf } from './node-account.js';

/** The shard that the writes are for. */
export interface AdmittingShard extends CountedShard {
  readonly storage: Pick<Storage, 'dataBytes' | 'keyCount' | 'expiringCount' | 'get'>;
  /** The length of the value in the key's newest uncommitted entry; 0: that entry deletes. Undefined: there is no such entry. */
  uncommittedValueBytes(key: string): number | undefined;
}

export interface ProposedWrite {
  readonly key: string;
  readonly value: Uint8Array | undefined;
  readonly ttlMs?: number | undefined;
}

/** The node's account, as far as it is needed to judge. */
type Node = Pick<
  NodeAccount,
  'nodeId' | 'shardCount' | 'uncommittedBytes' | 'usedBytesBeside' | 'hasRoomForRequests' | 'hasDiskRoom' | 'isBehind'
> & {
  readonly budget: Pick<NodeAccount['budget'], 'maxUncommittedBytes'>;
};

/**
 * For this long a write that fits into the remaining room is accepted without a closer look. The writes of that time are small
 * beside the part of the memory that is set aside.
 */
const validMs = 100;

export class WriteAdmission {
  readonly #shard: AdmittingShard;
  readonly #node: Node;
  readonly #holders: () => readonly Holder[];
  /** Bytes that may be accepted without a closer look, which counts them as if no write overwrote or deleted anything. */
  #roomBytes = 0;
  #validUntilMs = Number.NEGATIVE_INFINITY;
  #hasRoomForRequests = false;

  /** @param holders the nodes that hold a copy; none, unless this node is primary: then another node judges. */
  constructor(shard: AdmittingShard, node: Node, holders: () => readonly Holder[]) {
    this.#shard = shard;
    this.#node = node;
    this.#holders = holders;
  }

  /** Whether the node has room for more requests than the shard's part (R16), as the last look has shown. */
  hasRoomForRequests(nowMs: number): boolean {
    return this.#hasRoomForRequests && nowMs < this.#validUntilMs;
  }

  /** @returns why the write must not be accepted: it is definitely not executed. Undefined: it is counted as accepted. */
  refusalOf({ key, value, ttlMs }: ProposedWrite, nowMs: number): KvError | undefined {
    if (this.#node.isBehind) return isBehindError();
    if (value === undefined) return undefined;
    const isExpiring = ttlMs !== undefined;
    const cost = costOf(key, value.length, isExpiring);
    if (cost <= this.#roomBytes && nowMs < this.#validUntilMs && this.#node.hasDiskRoom) {
      this.#roomBytes -= cost;
      return undefined;
    }
    return this.#lookCloser(cost, () => this.#growsNothing(key, value.length, isExpiring), nowMs);
  }

  /** As `refusalOf`, for all writes of one operation together. @param growsNothing whether they make the data no larger. */
  refusalOfCost(cost: number, growsNothing: () => boolean, nowMs: number): KvError | undefined {
    if (this.#node.isBehind) return isBehindError();
    if (cost === 0) return undefined;
    if (cost > this.#roomBytes || nowMs >= this.#validUntilMs || !this.#node.hasDiskRoom)
      return this.#lookCloser(cost, growsNothing, nowMs);
    this.#roomBytes -= cost;
    return undefined;
  }

  #lookCloser(cost: number, growsNothing: () => boolean, nowMs: number): KvError | undefined {
    const { maxUncommittedBytes } = this.#node.budget;
    const isOwnDiskFull = !this.#node.hasDiskRoom;
    const fullDisk = isOwnDiskFull ? this.#node : this.#holders().find(({ reportedBytes }) => reportedBytes === diskFullBytes);
    if (fullDisk !== undefined) {
      this.#roomBytes = 0;
      return new KvError('STORAGE_FULL', diskFullText(fullDisk.nodeId));
    }
    // The core bounds the uncommitted writes of one shard; this bounds those of all shards.
    const acceptableBytes = maxUncommittedBytes - this.#node.uncommittedBytes;
    if (acceptableBytes <= 0)
      return new KvError('OVERLOADED', `${maxUncommittedBytes} bytes of writes wait to be committed at this node already`);
    const shardBytes = usedBytesOf(this.#shard);
    const ownBytes = shardBytes + this.#node.usedBytesBeside(this.#shard);
    const underWayBytes = costOfUncommitted(this.#shard.uncommittedBytes);
    let fullest: Holder | undefined;
    let usedBytes = ownBytes;
    let roomBytes = Number.POSITIVE_INFINITY;
    for (const holder of this.#holders()) {
      const { reportedBytes, limitBytes } = holder;
      // Its report does not include the writes under way here; and it will hold all of this shard, if it does not yet.
      const used = reportedBytes === undefined ? ownBytes : Math.max(shardBytes, reportedBytes + underWayBytes);
      const room = Math.max(0, limitBytes - used);
      if (fullest !== undefined && room >= roomBytes) continue;
      fullest = holder;
      usedBytes = used;
      roomBytes = room;
    }
    // Each shard may use its part of the room before it looks again.
    this.#roomBytes = Math.min(roomBytes, acceptableBytes) / this.#node.shardCount - cost;
    this.#validUntilMs = nowMs + validMs;
    this.#hasRoomForRequests = this.#node.hasRoomForRequests;
    if (cost <= roomBytes) return undefined;
    if (fullest === undefined || growsNothing()) return undefined;
    const { nodeId, limitBytes } = fullest;
    return new KvError(
      'MEMORY_FULL',
      `the data takes ${usedBytes} of the ${limitBytes} bytes that node ${nodeId} has for it; nothing was written. ` +
        `Delete keys, or start that node with a larger ${limitOption(fullest)}`,
    );
  }

  #growsNothing(key: string, valueBytes: number, isExpiring: boolean): boolean {
    const uncommitted = this.#shard.uncommittedValueBytes(key);
    if (uncommitted !== undefined) return valueBytes <= uncommitted && !isExpiring;
    const stored = this.#shard.storage.get(key);
    // What is stored is not known in time.
    if (stored instanceof Promise) return false;
    if (stored === undefined || valueBytes > stored.value.length) return false;
    return !isExpiring || stored.expiresAtMs !== undefined;
  }
}

function isBehindError(): KvError {
  return new KvError('STORAGE_UNAVAILABLE', 'the database of the primary has not taken the writes before this one yet');
}

function diskFullText(nodeId: string): string {
  return (
    `the disk of node ${nodeId} is full; nothing was written, and what is stored stays readable. ` +
    'Make room on its disk, delete keys, or start that node with a larger --max-data'
  );
}
