/** Bytes as JSON: text where they are UTF-8, so that a person can read and write them, otherwise base64. */

export type JsonBytes = { readonly value: string } | { readonly valueBase64: string };

/** `value` if it is valid UTF-8, otherwise `valueBase64`, so that the two cannot be confused. */
export function jsonValue(value: Uint8Array): JsonBytes {
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value) };
  } catch {
    return { valueBase64: Buffer.from(value).toString('base64') };
  }
}
