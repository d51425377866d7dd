/** Buffer for one key as bytes. The key is encoded once, then hashed, compared and copied word by word. */
import { maxKeyBytes } from '../../limits.js';

const lastAscii = 0x7f;

export class EncodedKey {
  /** The key's bytes; the last word in use is filled up with zeros. */
  readonly words = new Int32Array(maxKeyBytes / Int32Array.BYTES_PER_ELEMENT);
  readonly #bytes = Buffer.from(this.words.buffer);
  #length = 0;

  /** Length of the key in bytes. */
  get length(): number {
    return this.#length;
  }

  /** @throws RangeError if the key is empty or too long. */
  set(key: string): void {
    if (key.length === 0 || key.length > maxKeyBytes) throw notAKey();
    this.#startWith(key.length);
    for (let at = 0; at < key.length; at++) {
      const code = key.charCodeAt(at);
      if (code > lastAscii) return this.#setUtf8(key);
      this.#bytes[at] = code;
    }
  }

  #setUtf8(key: string): void {
    const length = Buffer.byteLength(key);
    if (length > maxKeyBytes) throw notAKey();
    this.#startWith(length);
    this.#bytes.write(key, 0, 'utf8');
  }

  #startWith(length: number): void {
    this.#length = length;
    this.words[(length - 1) >>> 2] = 0;
  }
}

function notAKey(): RangeError {
  return new RangeError(`a key has 1 to ${maxKeyBytes} bytes`);
}
