/** Counts the keys that a restore has written, and keeps its progress in a file. */
import type { Output } from '../output.js';
import type { ProgressFile } from './restore-progress.js';
import type { WrittenBatch } from './restore-records.js';

export class RestoredKeys {
  /** The first records of the dump, which an earlier restore has written. */
  readonly before: number;
  #file: ProgressFile | undefined;
  readonly #output: Output;
  #keys = 0;
  #existing = 0;

  /** @param file undefined: the dump comes from a pipe, and no progress is kept */
  constructor(before: number, file: ProgressFile | undefined, output: Output) {
    this.before = before;
    this.#file = file;
    this.#output = output;
  }

  /** Keys that this restore has written. */
  get keys(): number {
    return this.#keys - this.#existing;
  }

  get text(): string {
    const existing = this.#existing === 0 ? '' : `; ${this.#existing} keys existed already, and were left as they are`;
    const before = this.before === 0 ? '' : `; ${this.before} keys were restored before`;
    return `restored ${this.keys} keys${existing}${before}`;
  }

  get json() {
    return { keys: this.keys, existing: this.#existing, restoredBefore: this.before };
  }

  /** Shows at once whether the progress can be kept. */
  async begin(): Promise<void> {
    await this.#keep();
  }

  async add({ keys, existing }: WrittenBatch): Promise<void> {
    this.#keys += keys;
    this.#existing += existing;
    await this.#keep();
  }

  async complete(): Promise<void> {
    await this.#file?.remove();
  }

  async #keep(): Promise<void> {
    if (this.#file === undefined) return;
    try {
      await this.#file.write(this.before + this.#keys);
    } catch (error) {
      const problem = `the progress cannot be kept in ${this.#file.path} (${(error as Error).message})`;
      this.#output.note(
        `${problem}; after an interruption --resume begins at the first key, and leaves keys that exist as they are`,
      );
      this.#file = undefined;
    }
  }
}
