/** How far something is that takes long: a line on stderr that is written over on a terminal, and now and then one elsewhere. */
import { grouped, size } from './tables.js';

const terminalMs = 500;
const elsewhereMs = 10_000;

export class Progress {
  readonly #verb: string;
  readonly #expectedKeys: number;
  readonly #isTerminal = process.stderr.isTTY === true;
  readonly #timer: NodeJS.Timeout;
  readonly #startMs = performance.now();
  #keys = 0;
  #bytes = 0;

  /** `expectedKeys`: about; 0 if nobody knows. */
  constructor(verb: string, expectedKeys: number) {
    this.#verb = verb;
    this.#expectedKeys = expectedKeys;
    this.#timer = setInterval(() => this.#show(), this.#isTerminal ? terminalMs : elsewhereMs);
  }

  get keys(): number {
    return this.#keys;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  add(keys: number, bytes: number): void {
    this.#keys += keys;
    this.#bytes += bytes;
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
    if (this.#isTerminal) process.stderr.write('\r\x1b[K');
  }

  #show(): void {
    const share = this.#expectedKeys === 0 ? '' : ` of about ${grouped(this.#expectedKeys)}`;
    const rate = `${grouped(Math.round(this.#keys / this.seconds))} keys/s`;
    const text = `${this.#verb} ${grouped(this.#keys)}${share} keys, ${size(this.#bytes)}, ${rate}`;
    process.stderr.write(this.#isTerminal ? `\r${text}\x1b[K` : `${text}\n`);
  }
}
