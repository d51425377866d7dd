/** The body of a request as a value: read as far as it may be one, and counted while it is. */
import type { IncomingMessage } from 'node:http';
import { KvError } from '../errors.js';

/** Memory of a call that waits. */
export interface CallMemory {
  hold(bytes: number): void;
  /** @throws KvError OVERLOADED where all calls together hold too much. */
  refuseWhatIsTooMuch(): void;
}

/** Undefined: it is not told beforehand. 0 without a body. */
export function announcedBytes({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return Number(headers['content-length'] ?? 0);
}

/**
 * @throws KvError VALUE_TOO_LARGE before more is read than a value may have; OVERLOADED.
 *
 * By events: a body may come in chunks of a byte each, and an iterator costs ten times as much for one of them.
 */
export function readValue(request: IncomingMessage, maxBytes: number, memory: CallMemory): Promise<Buffer> {
  const announced = announcedBytes(request);
  return new Promise((resolve, reject) => {
    if (announced !== undefined && announced > maxBytes) return reject(tooLarge(`${announced} bytes`, maxBytes));
    const value = new GrowingValue();
    const take = (chunk: Buffer): void => {
      try {
        if (value.length + chunk.length > maxBytes) throw tooLarge(`more than ${maxBytes} bytes`, maxBytes);
        memory.hold(chunk.length);
        memory.refuseWhatIsTooMuch();
        value.add(chunk);
      } catch (error) {
        request.off('data', take);
        reject(error);
      }
    };
    const endedEarly = (cause?: Error): void =>
      reject(new KvError('CANCELLED', 'the request ended before its body', { executed: 'no', cause }));
    if (request.destroyed) return endedEarly();
    request.on('data', take);
    request.once('end', () => resolve(value.bytes));
    request.once('error', endedEarly);
    request.once('close', endedEarly);
  });
}

/** Chunks are copied where there are several: each would keep the whole packet that it came in. */
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

function tooLarge(size: string, maxBytes: number): KvError {
  return new KvError('VALUE_TOO_LARGE', `the value has ${size}; this node takes at most ${maxBytes}`);
}
