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

/** @throws KvError VALUE_TOO_LARGE before more is read than a value may have; OVERLOADED. */
export async function readValue(request: IncomingMessage, maxBytes: number, memory: CallMemory): Promise<Buffer> {
  const announced = announcedBytes(request);
  if (announced !== undefined && announced > maxBytes) throw tooLarge(`${announced} bytes`, maxBytes);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(`more than ${maxBytes} bytes`, maxBytes);
      memory.hold(chunk.length);
      memory.refuseWhatIsTooMuch();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof KvError) throw error;
    throw new KvError('CANCELLED', 'the request ended before its body', { executed: 'no', cause: error });
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes);
}

function tooLarge(size: string, maxBytes: number): KvError {
  return new KvError('VALUE_TOO_LARGE', `the value has ${size}; this node takes at most ${maxBytes}`);
}
