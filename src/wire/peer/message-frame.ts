/**
 * Frames: what two nodes have to say to each other in one turn of the event loop, about however many shards, in one message
 * of gRPC. A message of gRPC costs some fifty times what a beacon costs, so that without frames many shards would keep idle
 * nodes busy.
 *
 * Framing changes nothing for those who speak: each message has its own header, arrives in order, or is lost with the stream.
 */

import { ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { type Envelope, readEnvelope } from './envelope.js';

/** ReplicateRequests.messages and ReplicateResponses.messages. */
export const messagesField = 1;
const messagesTag = tagOf(messagesField, 'bytes');
/** ReplicateResponses.data_bytes. */
export const dataBytesField = 2;
const dataBytesTag = tagOf(dataBytesField, 'varint');

/** A frame leaves before the end of the turn when it has grown to this; with one more message it may be larger. */
const maxFrameBytes = 1024 * 1024;

/** Gathers what is said in a turn, and sends it at its end. */
export class FrameWriter {
  readonly #writer = new ProtobufWriter();
  readonly #send: (frame: Buffer) => void;
  readonly #complete: (writer: ProtobufWriter) => void;
  #flushScheduled = false;

  /** `complete` adds what else belongs to a frame that is about to leave. */
  constructor(send: (frame: Buffer) => void, complete: (writer: ProtobufWriter) => void = () => {}) {
    this.#send = send;
    this.#complete = complete;
  }

  /** `write` adds messages, each as an element of the field. */
  add(write: (writer: ProtobufWriter) => void): void {
    write(this.#writer);
    if (this.#writer.length >= maxFrameBytes) return this.flush();
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    process.nextTick(() => {
      this.#flushScheduled = false;
      this.flush();
    });
  }

  flush(): void {
    this.#complete(this.#writer);
    if (this.#writer.length > 0) this.#send(this.#writer.take());
  }
}

/**
 * Shows the messages of a frame one after the other, until `take` says that it wants no more, and what it tells of the other
 * node's data. @throws MalformedMessage
 */
export function readFrame(
  frame: Buffer,
  take: (envelope: Envelope) => boolean,
  takeDataBytes: (bytes: number) => void = () => {},
): void {
  const reader = new ProtobufReader(frame);
  while (reader.more) {
    const tag = reader.tag();
    if (tag === dataBytesTag) {
      takeDataBytes(reader.varint());
      continue;
    }
    if (tag !== messagesTag) {
      reader.skip(tag);
      continue;
    }
    const start = reader.bytes();
    if (!take(readEnvelope(frame, start, reader.position))) return;
  }
}
