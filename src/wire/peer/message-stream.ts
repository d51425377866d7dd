/**
 * One direction of the stream between two nodes, at either end: messages about any shard go in at one end, and come out at the
 * other, the same and in the same order, or are lost with the stream. In between, what is said in a turn is one frame
 * (message-frame.ts), and beacons that only repeat what was said before are one shared beacon (beacon-memory.ts).
 */

import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { BeaconMemory, type BeaconMessage, isBeacon } from './beacon-memory.js';
import { bodyReader, type Envelope, writeHeader } from './envelope.js';
import { dataBytesField, FrameWriter, messagesField, readFrame } from './message-frame.js';
import { headerOf, type ReplicationCodec, reasonToRefuse, sharedBeaconField, type WireMessage } from './replication-codec.js';
import { mostRepeats, readSharedBeacon, type SharedBeacon, writeSharedBeacon } from './shared-beacon.js';

/** The header of what is said of many shards at once. */
const nobody = { history: '', epoch: 0, epochId: '', from: '', to: '' };

/** What is said. New for each stream: the other end remembers nothing of an earlier one. */
export class OutgoingMessages {
  readonly #clusterId: string;
  readonly #memory = new BeaconMemory();
  readonly #frames: FrameWriter;
  /** What waits to be said again, of one time. It goes before whatever else is said: the order stays. */
  #repeats: { readonly sentAtMs: number; readonly shards: number[] } | undefined;

  /** `dataBytesToTell` is asked with every frame that leaves: what to tell of this node's data, if anything. */
  constructor(clusterId: string, send: (frame: Buffer) => void, dataBytesToTell: () => number | undefined = () => undefined) {
    this.#clusterId = clusterId;
    this.#frames = new FrameWriter(send, (writer) => {
      this.#writeRepeats(writer);
      const bytes = writer.length > 0 ? dataBytesToTell() : undefined;
      if (bytes !== undefined) writer.uint64(dataBytesField, bytes);
    });
  }

  /** Leaves at the end of the turn. */
  send(codec: ReplicationCodec, message: WireMessage): void {
    if (isBeacon(message) && this.#memory.repeats(codec.shard, message)) return this.#repeat(codec.shard, message);
    this.#frames.add((writer) => {
      this.#writeRepeats(writer);
      codec.write(writer, message);
    });
  }

  flush(): void {
    this.#frames.flush();
  }

  #repeat(shard: number, { body: { sentAtMs } }: BeaconMessage): void {
    const waiting = this.#repeats;
    if (waiting?.sentAtMs === sentAtMs && waiting.shards.length < mostRepeats) {
      waiting.shards.push(shard);
      return;
    }
    this.#frames.add((writer) => this.#writeRepeats(writer));
    this.#repeats = { sentAtMs, shards: [shard] };
  }

  #writeRepeats(writer: ProtobufWriter): void {
    const repeats: SharedBeacon | undefined = this.#repeats;
    if (repeats === undefined) return;
    this.#repeats = undefined;
    writer.begin(messagesField);
    writeHeader(writer, headerOf(this.#clusterId, 0, nobody));
    writer.begin(sharedBeaconField);
    writeSharedBeacon(writer, repeats);
    writer.end();
    writer.end();
  }
}

/** What is heard. New for each stream. */
export class IncomingMessages<Body extends WireMessage['body']> {
  readonly #clusterId: string;
  readonly #readBody: (envelope: Envelope) => Body | undefined;
  readonly #memory = new BeaconMemory();

  readonly #takeDataBytes: (bytes: number) => void;

  /** `takeDataBytes` is called whenever the other node tells what its data costs. */
  constructor(
    clusterId: string,
    readBody: (envelope: Envelope) => Body | undefined,
    takeDataBytes: (bytes: number) => void = () => {},
  ) {
    this.#clusterId = clusterId;
    this.#readBody = readBody;
    this.#takeDataBytes = takeDataBytes;
  }

  /**
   * Shows the messages of a frame one after the other, until `take` says that it wants no more; those of a kind that is not
   * known here are left out. @returns why the rest is refused (R1): nothing on this stream can be taken any more.
   * @throws MalformedMessage, which says the same.
   */
  read(frame: Buffer, take: (shard: number, message: ReceivedMessage<Body>) => boolean): string | undefined {
    let refusal: string | undefined;
    const takeEnvelope = (envelope: Envelope): boolean => {
      const { header } = envelope;
      refusal = reasonToRefuse(this.#clusterId, header);
      if (header === undefined || refusal !== undefined) return false;
      if (envelope.bodyField === sharedBeaconField) return this.#takeRepeats(readSharedBeacon(bodyReader(envelope)), take);
      const body = this.#readBody(envelope);
      if (body === undefined) return true;
      const { shard, history, epoch, epochId, from, to } = header;
      const message = { history, epoch, epochId, from, to, body };
      if (isBeacon(message)) this.#memory.remember(shard, message);
      return take(shard, message);
    };
    readFrame(frame, takeEnvelope, this.#takeDataBytes);
    return refusal;
  }

  #takeRepeats({ sentAtMs, shards }: SharedBeacon, take: (shard: number, message: ReceivedMessage<Body>) => boolean): boolean {
    for (const shard of shards) {
      const message = this.#memory.repeated(shard, sentAtMs);
      if (message === undefined) throw new MalformedMessage(`a beacon says of shard ${shard} what it has not said before`);
      if (!take(shard, message as ReceivedMessage<Body>)) return false;
    }
    return true;
  }
}

export type ReceivedMessage<Body> = Omit<WireMessage, 'body'> & { readonly body: Body };
