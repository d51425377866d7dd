/** Reads the body of a request, as far as its size is allowed, and counts its memory. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { KvError } from '../../errors.js';
import { HttpRefusal } from '../routes/problem.js';
import { announcedBytes, announcesBody, awaitsContinue } from '../server/body-announcement.js';

/** The memory that a waiting call holds. */
export interface CallMemory {
  hold(bytes: number): void;
  /** @throws KvError OVERLOADED if all calls together hold too much. */
  refuseWhatIsTooMuch(): void;
}

const inputEnded = 'kvnode:inputEnded';
const refusals = new WeakMap<Socket, HttpRefusal>();

/** Ends the reading of a body on this connection, now or once it begins: `refusal` is the answer to its request. */
export function endInput(socket: Socket, refusal: HttpRefusal): void {
  refusals.set(socket, refusal);
  socket.emit(inputEnded, refusal);
}

/**
 * Sends 100 Continue to a client that waits for it, once it is certain that the body will be read.
 *
 * @throws HttpRefusal if neither a length nor chunks are announced: the request has no body, probably by mistake.
 * @throws KvError with `tooLargeCode` before more is read than `maxBytes`; OVERLOADED.
 *
 * It uses events: a body may arrive in chunks of one byte, and an iterator costs ten times as much for each chunk.
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
  memory: CallMemory,
  tooLargeCode: 'VALUE_TOO_LARGE' | 'MESSAGE_TOO_LARGE' = 'VALUE_TOO_LARGE',
): Promise<Buffer> {
  const { socket } = request;
  const announced = announcedBytes(request);
  return new Promise((resolve, reject) => {
    if (!announcesBody(request)) return reject(new HttpRefusal(411, 'BAD_REQUEST', noBody));
    if (announced !== undefined && announced > maxBytes) return reject(tooLarge(tooLargeCode, `${announced} bytes`, maxBytes));
    const value = new GrowingValue();
    const stop = (): void => {
      request.off('data', take);
      socket.off(inputEnded, refuse);
    };
    const refuse = (error: unknown): void => {
      stop();
      reject(error);
    };
    const take = (chunk: Buffer): void => {
      try {
        if (value.length + chunk.length > maxBytes) throw tooLarge(tooLargeCode, `more than ${maxBytes} bytes`, maxBytes);
        memory.hold(chunk.length);
        memory.refuseWhatIsTooMuch();
        value.add(chunk);
      } catch (error) {
        refuse(error);
      }
    };
    const endedEarly = (cause?: Error): void =>
      refuse(new KvError('CANCELLED', 'the request ended before its body', { executed: 'no', cause }));
    if (request.destroyed) return endedEarly();
    if (!request.complete && refusals.has(socket)) return refuse(refusals.get(socket));
    if (awaitsContinue(request)) invite(request, response);
    socket.once(inputEnded, refuse);
    request.on('data', take);
    request.once('end', () => {
      stop();
      resolve(value.bytes);
    });
    request.once('error', endedEarly);
    request.once('close', endedEarly);
  });
}

const noBody = 'the value is the body of the request, and this one has none; an empty value is sent with Content-Length: 0';

function invite(request: IncomingMessage, response: ServerResponse): void {
  response.writeContinue();
  // The client waits no more.
  delete request.headers.expect;
}

/** Copies the chunks if there are several: each chunk would keep the whole packet alive that it arrived in. */
class GrowingValue {
  #bytes: Buffer = Buffer.alloc(0);
  length = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  add(chunk: Buffer): void {
    const length = this.length + chunk.length;
    if (this.length === 0) this.#bytes = chunk;
    else {
      if (length > this.#bytes.length) this.#grow(Math.max(length, 2 * this.length));
      chunk.copy(this.#bytes, this.length);
    }
    this.length = length;
  }

  #grow(capacity: number): void {
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
  }
}

function tooLarge(code: 'VALUE_TOO_LARGE' | 'MESSAGE_TOO_LARGE', size: string, maxBytes: number): KvError {
  const what = code === 'VALUE_TOO_LARGE' ? 'value' : 'body';
  return new KvError(code, `the ${what} has ${size}; this node takes at most ${maxBytes}`);
}
