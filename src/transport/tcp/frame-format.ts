/**
 * The bytes of frames on TCP. Each frame is a header of four bytes and its content. The header holds the length of the content, most
 * significant byte first; its highest bit marks a control frame. The first byte of a control frame's content is its kind.
 */
import { KvError } from '../../errors.js';
import { maxFrameBytes } from '../frame-stream.js';

/** The first bytes of a connection. They tell it from HTTP/2, whose first bytes are `PRI * HTTP/2.0`. */
export const preface = Buffer.from('KVFRAMES', 'latin1');

export const headerBytes = 4;
const controlBit = 0x8000_0000;
/** An opening and a status are small. A larger control frame is a mistake, or an attack. */
const maxControlBytes = 64 * 1024;

/** `opening` and `accepted` begin an rpc, `ended` is a half-close, `closed` ends the rpc. */
export const controlKinds = { opening: 1, accepted: 2, ended: 3, closed: 4, ping: 5, pong: 6 } as const;

export type ControlKind = keyof typeof controlKinds;

const kindOf = new Map<number, ControlKind>(Object.entries(controlKinds).map(([kind, code]) => [code, kind as ControlKind]));

export function writeFrameHeader(target: Buffer, at: number, length: number): void {
  target.writeUInt32BE(length, at);
}

export function controlFrame(kind: ControlKind, message: Uint8Array = new Uint8Array(0)): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + 1 + message.length);
  frame.writeUInt32BE((controlBit | (1 + message.length)) >>> 0, 0);
  frame[headerBytes] = controlKinds[kind];
  frame.set(message, headerBytes + 1);
  return frame;
}

export interface FrameSink {
  onFrame(frame: Buffer): void;
  /** A kind that this version does not know is left out. */
  onControl(kind: ControlKind, message: Buffer): void;
}

/**
 * Parts of a frame are joined once they are this many and smaller than `minPartBytes` on average. A part costs about 150 bytes beside
 * its own, so a sender that drips bytes would otherwise take 150 times of what it sends.
 */
const maxSmallParts = 256;
const minPartBytes = 1024;

/** Cuts the bytes of a connection into frames. Memory grows with the bytes that came, not with the length that a header announces. */
export class FrameParser {
  readonly #sink: FrameSink;
  /** The beginning of a frame that is not there as a whole, as it came. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** Bytes that are needed before the next look: the header, or the whole frame. */
  #neededBytes = headerBytes;
  #paused = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Bytes of frames that were not delivered. */
  get heldBytes(): number {
    return this.#partBytes;
  }

  /** Frames are kept until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  /** @throws KvError as `push` does. */
  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  /** @throws KvError MESSAGE_TOO_LARGE if a frame is larger than it may be. */
  push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#partBytes += bytes.length;
    if (this.#parts.length > maxSmallParts && this.#parts.length * minPartBytes > this.#partBytes)
      this.#parts = [Buffer.concat(this.#parts, this.#partBytes)];
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#paused && this.#partBytes >= this.#neededBytes) {
      const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#partBytes);
      this.#parts = [];
      this.#partBytes = 0;
      const at = this.#deliverWhole(bytes);
      if (at === bytes.length) continue;
      // A frame may have paused the parser, or closed the stream; the rest stays in front of what comes.
      this.#parts.unshift(bytes.subarray(at));
      this.#partBytes += bytes.length - at;
    }
  }

  /** @returns the end of the last whole frame. */
  #deliverWhole(bytes: Buffer): number {
    let at = 0;
    while (!this.#paused) {
      this.#neededBytes = headerBytes;
      if (bytes.length - at < headerBytes) return at;
      const header = bytes.readUInt32BE(at);
      const isControl = header >= controlBit;
      const length = isControl ? header - controlBit : header;
      const maxBytes = isControl ? maxControlBytes : maxFrameBytes;
      if (length > maxBytes)
        throw new KvError('MESSAGE_TOO_LARGE', `a frame of ${length} bytes is larger than ${maxBytes}`, { executed: 'unknown' });
      const start = at + headerBytes;
      const end = start + length;
      this.#neededBytes = headerBytes + length;
      if (bytes.length < end) return at;
      at = end;
      this.#neededBytes = headerBytes;
      if (!isControl) this.#sink.onFrame(bytes.subarray(start, end));
      else this.#control(bytes.subarray(start, end));
    }
    return at;
  }

  #control(content: Buffer): void {
    const kind = kindOf.get(content[0] ?? 0);
    if (kind !== undefined) this.#sink.onControl(kind, content.subarray(1));
  }
}
