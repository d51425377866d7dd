/**
 * Both ends of one direction of the connection between two nodes. Messages about any shard go in at one end, requests and answers
 * alike. They come out at the other end unchanged, or are lost with the connection.
 *
 * In between, the messages of one turn travel as one frame (message-frame.ts), beacons that differ from those before only in their
 * time travel as one shared beacon (beacon-memory.ts), and a header is sent only if it differs from the last one of its shard
 * (header-memory.ts). Appends give way to all other messages: they wait here, not encoded, while much waits to leave. So no beacon
 * waits behind the batches of many shards. Everything else keeps its order.
 */
import { MalformedMessage } from '../protobuf/protobuf-reader.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { BeaconMemory, type BeaconMessage, isBeacon } from './beacon-memory.js';
import { bodyReader, type Envelope, type Header, type PeerCluster, writeHeader } from './envelope.js';
import { ReceivedHeaders, SentHeaders } from './header-memory.js';
import { type AtTurnEnd, dataBytesField, FrameWriter, messagesField, readFrame } from './message-frame.js';
import {
  headerOf,
  type ReplicationCodec,
  readMessageBody,
  reasonToRefuse,
  sharedBeaconField,
  type WireMessage,
} from './replication-codec.js';
import { mostRepeats, readSharedBeacon, type SharedBeacon, writeSharedBeacon } from './shared-beacon.js';

/** The header of a message about many shards: it names no replica and no epoch. */
const noReplica = { history: '', epoch: 0, epochId: '', from: '', to: '' };

/** Where the frames go. */
export interface MessageSink {
  /** Bytes that wait to leave. */
  readonly queuedBytes: number;
  /** @returns false if so much waits to leave that appends are to wait, until `drained`. */
  send(frame: Buffer): boolean;
}

/** With this many bytes in the frame and before it, no further append is added. One append has at most a mebibyte, or one entry. */
const maxAppendBytes = 256 * 1024;
/** With more bytes than this waiting to leave, beacons are left out: a beacon may be lost, and more would only pile up. */
const maxBeaconBytes = 1024 * 1024;

/** What was sent on this connection in one format, and may be repeated. */
interface SentMemories {
  readonly formatVersion: number;
  readonly beacons: BeaconMemory;
  readonly headers: SentHeaders;
}

function newMemories(formatVersion: number): SentMemories {
  return { formatVersion, beacons: new BeaconMemory(), headers: new SentHeaders() };
}

/** The sending end. Each connection needs a new one, because the other end remembers nothing of an earlier connection. */
export class OutgoingMessages {
  readonly #cluster: PeerCluster;
  #memories: SentMemories;
  readonly #frames: FrameWriter;
  readonly #sink: MessageSink;
  readonly #dataBytesToReport: () => number | undefined;
  /** Repeated beacons of one time that wait to be sent. They are written before any other message, which keeps the order. */
  #repeats: { readonly sentAtMs: number; readonly shards: number[] } | undefined;
  /** Appends that wait to be encoded, oldest first. The core bounds how many of a shard are on their way. */
  readonly #appends: (readonly [ReplicationCodec, WireMessage])[] = [];
  #mayAppend = true;

  /** @param dataBytesToReport is called for each frame; it returns what this node's data costs if the frame is to report it. */
  constructor(
    cluster: PeerCluster,
    sink: MessageSink,
    dataBytesToReport: () => number | undefined = () => undefined,
    atTurnEnd?: AtTurnEnd,
  ) {
    this.#cluster = cluster;
    this.#memories = newMemories(cluster.format.inUse);
    this.#sink = sink;
    this.#dataBytesToReport = dataBytesToReport;
    this.#frames = new FrameWriter(
      (frame) => {
        this.#mayAppend = sink.send(frame);
      },
      (writer) => this.#complete(writer),
      atTurnEnd,
    );
  }

  /** The message leaves at the end of the turn, or later if it is an append. */
  send(codec: ReplicationCodec, message: WireMessage): void {
    if (message.body.type === 'append') return this.#append(codec, message);
    if (isBeacon(message)) {
      if (this.#sink.queuedBytes > maxBeaconBytes) return;
      if (this.#sent.beacons.repeats(codec.shard, message)) return this.#repeat(codec.shard, message);
    }
    this.#frames.add((writer) => {
      this.#writeRepeats(writer);
      codec.write(writer, message, this.#sent.headers.repeats(codec.shard, message));
    });
  }

  /** In a newer format nothing repeats what was sent in an older one. */
  get #sent(): SentMemories {
    const { inUse } = this.#cluster.format;
    if (inUse !== this.#memories.formatVersion) this.#memories = newMemories(inUse);
    return this.#memories;
  }

  flush(): void {
    this.#frames.flush();
  }

  /** The bytes that waited have left. */
  drained(): void {
    this.#mayAppend = true;
    this.flush();
  }

  #append(codec: ReplicationCodec, message: WireMessage): void {
    this.#appends.push([codec, message]);
    this.#frames.flushLater();
  }

  #complete(writer: ProtobufWriter): void {
    this.#writeRepeats(writer);
    if (this.#mayAppend) this.#writeAppends(writer);
    const bytes = writer.length > 0 ? this.#dataBytesToReport() : undefined;
    if (bytes !== undefined) writer.uint64(dataBytesField, bytes);
  }

  /** One append at least. */
  #writeAppends(writer: ProtobufWriter): void {
    let next = this.#appends.shift();
    while (next !== undefined) {
      const [codec, message] = next;
      codec.write(writer, message, this.#sent.headers.repeats(codec.shard, message));
      if (this.#sink.queuedBytes + writer.length >= maxAppendBytes) return;
      next = this.#appends.shift();
    }
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
    writeHeader(writer, headerOf(this.#cluster, 0, noReplica));
    writer.begin(sharedBeaconField);
    writeSharedBeacon(writer, repeats);
    writer.end();
    writer.end();
  }
}

/** The receiving end. Each connection needs a new one. */
export class IncomingMessages {
  readonly #cluster: PeerCluster;
  readonly #memory = new BeaconMemory();
  readonly #headers = new ReceivedHeaders();
  readonly #takeDataBytes: (bytes: number) => void;

  /** @param takeDataBytes is called whenever the other node reports what its data costs in memory. */
  constructor(cluster: PeerCluster, takeDataBytes: (bytes: number) => void = () => {}) {
    this.#cluster = cluster;
    this.#takeDataBytes = takeDataBytes;
  }

  /**
   * Passes the messages of a frame to `take`, one after the other, until `take` returns false. Messages of a kind that is not
   * known here are left out.
   *
   * @returns why the rest is refused (R1), or undefined. After a refusal the connection is of no more use.
   * @throws MalformedMessage, after which the connection is of no more use either.
   */
  read(frame: Buffer, take: (shard: number, message: WireMessage) => boolean): string | undefined {
    let refusal: string | undefined;
    const takeEnvelope = (envelope: Envelope): boolean => {
      const { repeatedShard } = envelope;
      if (repeatedShard !== undefined) envelope.header = this.#known(repeatedShard);
      else refusal = reasonToRefuse(this.#cluster, envelope.header);
      const { header } = envelope;
      if (header === undefined || refusal !== undefined) return false;
      if (envelope.bodyField === sharedBeaconField) return this.#takeRepeats(readSharedBeacon(bodyReader(envelope)), take);
      const { shard, history, epoch, epochId, from, to } = header;
      if (repeatedShard === undefined) this.#headers.remember(header);
      const body = readMessageBody(envelope);
      if (body === undefined) return true;
      const message = { history, epoch, epochId, from, to, body };
      if (isBeacon(message)) this.#memory.remember(shard, message);
      return take(shard, message);
    };
    readFrame(frame, takeEnvelope, this.#takeDataBytes);
    return refusal;
  }

  #known(shard: number): Header {
    const header = this.#headers.of(shard);
    if (header === undefined) throw new MalformedMessage(`a message repeats the header of shard ${shard}, which had none`);
    return header;
  }

  #takeRepeats({ sentAtMs, shards }: SharedBeacon, take: (shard: number, message: WireMessage) => boolean): boolean {
    for (const shard of shards) {
      const message = this.#memory.repeated(shard, sentAtMs);
      if (message === undefined)
        throw new MalformedMessage(`a shared beacon repeats shard ${shard}, about which no beacon was sent before`);
      if (!take(shard, message)) return false;
    }
    return true;
  }
}
