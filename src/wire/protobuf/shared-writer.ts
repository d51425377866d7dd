/** One writer for all short messages that are encoded at once: it begins with memory for many of them. */
import { ProtobufWriter } from './protobuf-writer.js';

let shared = new ProtobufWriter();
/** After a longer message a writer keeps memory for another one. */
const maxSharedBytes = 16 * 1024;

/** The message whose fields `write` writes. It must not encode another message meanwhile. */
export function encodeMessage(write: (writer: ProtobufWriter) => void): Buffer {
  const writer = shared;
  let encoded: Buffer | undefined;
  try {
    write(writer);
    encoded = writer.take();
    return encoded;
  } finally {
    // A failed one holds a part of its message.
    if (encoded === undefined || encoded.length > maxSharedBytes) shared = new ProtobufWriter();
  }
}
