/**
 * The last beacon (or answer to a beacon) of each shard, remembered at both ends of a connection. While nothing happens, successive
 * beacons of a shard differ only in their time. Such a beacon is sent as the shard's number alone, and the receiver restores the
 * rest from its memory.
 *
 * Each direction of each connection has one memory at either end. A connection keeps the order of beacons and loses nothing in its
 * middle, so both memories take in the same messages in the same order and stay equal: the receiver restores exactly what the
 * sender sent. A connection that breaks or is replaced takes its memories with it. The core decides, shard by shard, which replica gets a beacon or an answer.
 *
 * Pure: no I/O and no clock. The simulation runs its beacons through it as well.
 */
import type { BodyOf, Message } from '../../replication/index.js';

/** A beacon, or the answer to one. */
export type BeaconMessage = Omit<Message, 'body'> & { readonly body: BodyOf<'beacon' | 'beaconAnswer'> };

/** The most shards that a cluster may have. Beacons of higher shard numbers are not remembered, which bounds the memory. */
const mostShards = 16_384;

export function isBeacon(message: { readonly body: { readonly type: string } }): message is BeaconMessage {
  const { type } = message.body;
  return type === 'beacon' || type === 'beaconAnswer';
}

/** One end's memory of one direction of one stream. */
export class BeaconMemory {
  /** By shard: the last message that was sent whole. */
  readonly #last = new Map<number, BeaconMessage>();

  /** For the sender. True: the receiver can restore the message from its time alone. False: the sender must send it whole. */
  repeats(shard: number, message: BeaconMessage): boolean {
    const last = this.#last.get(shard);
    if (last !== undefined && isSameButTime(last, message)) return true;
    this.remember(shard, message);
    return false;
  }

  /** Takes in a message that was sent whole. */
  remember(shard: number, message: BeaconMessage): void {
    if (shard < mostShards) this.#last.set(shard, message);
  }

  /** For the receiver: the repeated message with its new time. Undefined: no message about the shard was sent on this stream. */
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
