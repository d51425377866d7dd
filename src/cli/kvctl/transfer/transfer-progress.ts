/** The progress of a dump or a restore, reported twice a second on a terminal, elsewhere after a second and then every ten seconds. */

import { grouped, size } from '../figures.js';
import type { Output } from '../output.js';

const terminalMs = 500;
const elsewhereMs = 10_000;
/** The first report elsewhere: it shows that the transfer has begun. */
const firstElsewhereMs = 1_000;

export class TransferProgress {
  readonly #verb: string;
  readonly #expectedKeys: number;
  readonly #output: Output;
  #timer: NodeJS.Timeout;
  readonly #startMs = performance.now();
  #keys = 0;
  #bytes = 0;

  /** `expectedKeys`: an estimate; 0 if there is none. */
  constructor(verb: string, expectedKeys: number, output: Output) {
    this.#verb = verb;
    this.#expectedKeys = expectedKeys;
    this.#output = output;
    this.#timer = setTimeout(() => this.#showAndGoOn(), this.#isTerminal ? terminalMs : firstElsewhereMs);
  }

  get #isTerminal(): boolean {
    return process.stderr.isTTY === true;
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
    clearTimeout(this.#timer);
    this.#output.endProgress();
  }

  #showAndGoOn(): void {
    this.#show();
    this.#timer = setTimeout(() => this.#showAndGoOn(), this.#isTerminal ? terminalMs : elsewhereMs);
  }

  #show(): void {
    const share = this.#expectedKeys === 0 ? '' : ` of about ${grouped(this.#expectedKeys)}`;
    const rate = `${grouped(Math.round(this.#keys / this.seconds))} keys/s`;
    this.#output.progress(`${this.#verb} ${grouped(this.#keys)}${share} keys, ${size(this.#bytes)}, ${rate}`);
  }
}
