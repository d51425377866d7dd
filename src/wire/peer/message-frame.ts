/**
 * Frames: all messages that one node sends to another in one turn of the event loop, whatever their shards, in one frame of
 * the connection. If each beacon of each shard had a frame of its own, idle nodes with many shards would be busy.
 *
 * Replicas notice nothing of the framing: each message has its own header, arrives in order, or is lost with the stream.
 */
import { ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { type Envelope, readEnvelope } from './envelope.js';

/** Field number of ReplicateFrame.messages. */
export const messagesField = 1;
const messagesTag = tagOf(messagesField, 'bytes');
/** Field number of ReplicateFrame.data_bytes. */
export const dataBytesField = 2;
const dataBytesTag = tagOf(dataBytesField, 'varint');

/** A frame that has grown to this size is sent before the turn ends. Its last message may make it larger. */
const maxFrameBytes = 1024 * 1024;

/** Calls `work` at the end of this turn of the event loop. */
export type AtTurnEnd = (work: () => void) => void;

/** Gathers the messages of a turn of the event loop, and sends them as one frame when the turn ends. */
export class FrameWriter {
  readonly #writer = new ProtobufWriter();
  readonly #send: (frame: Buffer) => void;
  readonly #complete: (writer: ProtobufWriter) => void;
  readonly #atTurnEnd: AtTurnEnd;
  #flushScheduled = false;

  /** @param complete adds what is left to a frame that is about to be sent. Frames are sent until it adds nothing to an empty one. */
  constructor(
    send: (frame: Buffer) => void,
    complete: (writer: ProtobufWriter) => void = () => {},
    atTurnEnd: AtTurnEnd = setImmediate,
  ) {
    this.#send = send;
    this.#complete = complete;
    this.#atTurnEnd = atTurnEnd;
  }

  /** @param write adds messages, each as an element of `messagesField`. */
  add(write: (writer: ProtobufWriter) => void): void {
    write(this.#writer);
    if (this.#writer.length >= maxFrameBytes) this.flush();
    else this.flushLater();
  }

  /** At the end of the turn. */
  flushLater(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#atTurnEnd(this.#flushDue);
  }

  readonly #flushDue = (): void => {
    this.#flushScheduled = false;
    this.flush();
  };

  flush(): void {
    for (;;) {
      this.#complete(this.#writer);
      if (this.#writer.length === 0) return;
      this.#send(this.#writer.take());
    }
  }
}

/**
 * Passes the messages of a frame to `take`, one after the other, until `take` returns false. Passes the size of the other node's
 * data to `takeDataBytes` if the frame reports it.
 *
 * @throws MalformedMessage
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
