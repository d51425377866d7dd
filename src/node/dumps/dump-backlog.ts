/** What all dumps of a node together hold back, because their clients read more slowly than their shards are written. */
import { KvError } from '../../errors.js';

const mebibyte = 1024 * 1024;

export class DumpBacklog {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns why the dump that has added them must end, if all together are too many. */
  add(bytes: number): KvError | undefined {
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes) return undefined;
    const limit = (this.#maxBytes / mebibyte).toFixed(1);
    return new KvError(
      'OVERLOADED',
      `the dump is read more slowly than its shard is written: more than ${limit} MiB wait for the clients of all dumps`,
    );
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
  }
}
