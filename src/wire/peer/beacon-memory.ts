/**
 * What one beacon for many shards may leave out. While nothing happens a primary says the same in every beacon but the time, and
 * is answered the same; so what was said of a shard is remembered at both ends of a stream, and said again by its number alone.
 *
 * Each direction of each stream has a memory at either end. Both take in the same messages in the same order, since a stream
 * keeps the order and loses nothing in its middle: so they are alike, and what comes out is exactly what was said. A stream that
 * breaks takes its memories with it. Nothing here decides who is spoken to, or answered: that is for the core, shard by shard.
 *
 * Pure: no I/O and no clock. The simulation runs its beacons through it as well.
 */
import type { BodyOf, Message } from '../../replication/index.js';

/** A beacon, or the answer to one. */
export type BeaconMessage = Omit<Message, 'body'> & { readonly body: BodyOf<'beacon' | 'beaconAnswer'> };

/** Of shards with higher numbers nothing is remembered: a cluster has no more. */
const mostShards = 16_384;

export function isBeacon(message: { readonly body: { readonly type: string } }): message is BeaconMessage {
  const { type } = message.body;
  return type === 'beacon' || type === 'beaconAnswer';
}

export class BeaconMemory {
  /** By shard: what was said whole of it last. */
  readonly #last = new Map<number, BeaconMessage>();

  /** The sender's. True: the other end can tell what is said from the time alone. False: it is to be said whole. */
  repeats(shard: number, message: BeaconMessage): boolean {
    const last = this.#last.get(shard);
    if (last !== undefined && isSameButTime(last, message)) return true;
    this.remember(shard, message);
    return false;
  }

  /** It was said whole. */
  remember(shard: number, message: BeaconMessage): void {
    if (shard < mostShards) this.#last.set(shard, message);
  }

  /** The receiver's: what was said again, at that time. Undefined: nothing has been said of the shard on this stream. */
  repeated(shard: number, sentAtMs: number): BeaconMessage | undefined {
    const last = this.#last.get(shard);
    if (last === undefined) return undefined;
    return { ...last, body: { ...last.body, sentAtMs } };
  }
}

function isSameButTime(one: BeaconMessage, other: BeaconMessage): boolean {
  const isSameEpoch = one.history === other.history && one.epoch === other.epoch && one.epochId === other.epochId;
  return isSameEpoch && one.from === other.from && one.to === other.to && isSameBody(one.body, other.body);
}

function isSameBody(one: BeaconMessage['body'], other: BeaconMessage['body']): boolean {
  if (one.type === 'beacon') return other.type === 'beacon' && isSameBeacon(one, other);
  return other.type === 'beaconAnswer' && isSameAnswer(one, other);
}

function isSameBeacon(one: BodyOf<'beacon'>, other: BodyOf<'beacon'>): boolean {
  return (
    one.commitIndex === other.commitIndex &&
    one.probe === other.probe &&
    one.stopping === other.stopping &&
    one.mayLeaveMs === other.mayLeaveMs
  );
}

function isSameAnswer(one: BodyOf<'beaconAnswer'>, other: BodyOf<'beaconAnswer'>): boolean {
  return (
    one.number === other.number &&
    one.complete === other.complete &&
    one.probe === other.probe &&
    one.claiming === other.claiming &&
    one.stopping === other.stopping &&
    one.leaving === other.leaving
  );
}
