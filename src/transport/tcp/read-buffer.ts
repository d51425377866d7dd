/**
 * Reads of sockets into one buffer. Without it, Node.js allocates 64 KiB for each read and passes what has come through the machinery
 * of its streams. Together that costs more than everything else on the way from the kernel to the frame.
 *
 * For sockets that a process connects, the option `onread` of `connect` does this. Accepted sockets have no such option. What the
 * option sets is set on them here. If a version of Node.js keeps it elsewhere, they are read as other streams are, by the event `data`.
 */
import type { OnReadOpts, Socket } from 'node:net';

const bufferBytes = 64 * 1024;

/** A read ends, its bytes copied, before another one begins. On Windows a read owns its buffer for as long as it waits for bytes. */
const shared = process.platform === 'win32' ? undefined : Buffer.allocUnsafeSlow(bufferBytes);

type Received = (bytes: Buffer) => void;

/** @param received gets what comes, in memory of its own. */
export function readOptions(received: Received): OnReadOpts {
  return {
    buffer: shared ?? Buffer.allocUnsafeSlow(bufferBytes),
    callback: (length, buffer) => {
      received(Buffer.from(buffer.subarray(0, length)));
      return true;
    },
  };
}

/** The fields of a socket to which the option `onread` leads. */
const fieldNames = { buffer: 'kBuffer', callback: 'kBufferCb' } as const;

interface Handle {
  useUserBuffer?(buffer: Uint8Array): void;
}

/**
 * From now on `received` gets what comes from the kernel. What came before is still read from the stream.
 *
 * @returns false if this version of Node.js does not allow that: everything is still read from the stream.
 */
export function readAccepted(socket: Socket, received: Received): boolean {
  const fields = socket as unknown as Record<symbol, unknown> & { readonly _handle?: Handle | null };
  const symbols = Object.getOwnPropertySymbols(socket);
  const bufferField = symbols.find(({ description }) => description === fieldNames.buffer);
  const callbackField = symbols.find(({ description }) => description === fieldNames.callback);
  const handle = fields._handle;
  if (bufferField === undefined || callbackField === undefined || typeof handle?.useUserBuffer !== 'function') return false;
  const { buffer, callback } = readOptions(received);
  fields[bufferField] = buffer;
  fields[callbackField] = callback;
  handle.useUserBuffer(buffer as Buffer);
  return true;
}
