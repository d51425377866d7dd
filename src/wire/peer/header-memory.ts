/**
 * The last header of each shard, remembered at both ends of one direction of a stream. Successive messages about a shard nearly always
 * have the same header, whose strings cost more than a small message. Such a message names its shard alone.
 *
 * Both ends take in the same messages in the same order, so the receiver restores exactly what the sender sent. A stream that breaks
 * takes its memories with it.
 */
import type { Header, ReplicaHeader } from './envelope.js';

/** The most shards that a cluster may have. Headers of higher shard numbers are not remembered, which bounds the memory. */
const mostShards = 16_384;

/** The sender's end. */
export class SentHeaders {
  readonly #last = new Map<number, ReplicaHeader>();

  /** True: the receiver knows the header. False: the message must carry it, and the receiver knows it afterwards. */
  repeats(shard: number, header: ReplicaHeader): boolean {
    const last = this.#last.get(shard);
    if (last !== undefined && isSame(last, header)) return true;
    const { history, epoch, epochId, from, to } = header;
    // A copy: `header` is a whole message, whose entries must not be kept.
    if (shard < mostShards) this.#last.set(shard, { history, epoch, epochId, from, to });
    return false;
  }
}

/** The receiver's end. */
export class ReceivedHeaders {
  readonly #last = new Map<number, Header>();

  /** Takes in the header that a message carried. */
  remember(header: Header): void {
    if (header.shard < mostShards) this.#last.set(header.shard, header);
  }

  /** Undefined: no message about the shard has carried a header on this stream. */
  of(shard: number): Header | undefined {
    return this.#last.get(shard);
  }
}

function isSame(one: ReplicaHeader, other: ReplicaHeader): boolean {
  const isSameEpoch = one.epoch === other.epoch && one.epochId === other.epochId && one.history === other.history;
  return isSameEpoch && one.from === other.from && one.to === other.to;
}
