/**
 * The messages of the TCP model, and their way over a socket: each has its length in front, and those of one turn of the
 * event loop leave in one write. Nothing is checked: both ends are this file.
 */
import type { Socket } from 'node:net';

/** A client sends `put` and `get`, a primary sends `append`, a backup `acknowledge`. `answer` goes to the client. */
export const messageKinds = { put: 0, get: 1, append: 2, acknowledge: 3, answer: 4 } as const;

export interface ModelMessage {
  readonly kind: number;
  /** Chosen by the sender of a request; the answer repeats it. */
  readonly number: number;
  /** Shares memory with other messages that have just been received. */
  readonly content: Buffer;
}

const lengthBytes = 2;
const headerBytes = 5;
const nothing = Buffer.alloc(0);

/** Sends messages over one socket. */
export class ModelSender {
  readonly #socket: Socket;
  #waiting: Buffer[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(kind: number, number: number, content: Buffer = nothing): void {
    const message = Buffer.allocUnsafe(lengthBytes + headerBytes + content.length);
    message.writeUInt16LE(headerBytes + content.length, 0);
    message[lengthBytes] = kind;
    message.writeUInt32LE(number, lengthBytes + 1);
    message.set(content, lengthBytes + headerBytes);
    if (this.#waiting.push(message) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const messages = this.#waiting;
    this.#waiting = [];
    this.#socket.write(messages.length === 1 ? messages[0]! : Buffer.concat(messages));
  }
}

/** Cuts what a socket receives into messages. */
export function receiveMessages(socket: Socket, onMessage: (message: ModelMessage) => void): void {
  let rest: Buffer = nothing;
  socket.on('data', (received: Buffer) => {
    const bytes = rest.length === 0 ? received : Buffer.concat([rest, received]);
    let at = 0;
    while (bytes.length - at >= lengthBytes) {
      const end = at + lengthBytes + bytes.readUInt16LE(at);
      if (end > bytes.length) break;
      const start = at + lengthBytes;
      onMessage({
        kind: bytes[start]!,
        number: bytes.readUInt32LE(start + 1),
        content: bytes.subarray(start + headerBytes, end),
      });
      at = end;
    }
    rest = bytes.subarray(at);
  });
}
