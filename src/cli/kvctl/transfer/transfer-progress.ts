/** The progress of a dump or a restore, reported twice a second on a terminal and every ten seconds elsewhere. */

import { grouped, size } from '../figures.js';
import type { Output } from '../output.js';

const terminalMs = 500;
const elsewhereMs = 10_000;

export class TransferProgress {
  readonly #verb: string;
  readonly #expectedKeys: number;
  readonly #output: Output;
  readonly #timer: NodeJS.Timeout;
  readonly #startMs = performance.now();
  #keys = 0;
  #bytes = 0;

  /** `expectedKeys`: an estimate; 0 if there is none. */
  constructor(verb: string, expectedKeys: number, output: Output) {
    this.#verb = verb;
    this.#expectedKeys = expectedKeys;
    this.#output = output;
    this.#timer = setInterval(() => this.#show(), process.stderr.isTTY === true ? terminalMs : elsewhereMs);
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
    this.#output.endProgress();
  }

  #show(): void {
    const share = this.#expectedKeys === 0 ? '' : ` of about ${grouped(this.#expectedKeys)}`;
    const rate = `${grouped(Math.round(this.#keys / this.seconds))} keys/s`;
    this.#output.progress(`${this.#verb} ${grouped(this.#keys)}${share} keys, ${size(this.#bytes)}, ${rate}`);
  }
}
