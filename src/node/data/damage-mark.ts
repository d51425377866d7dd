/**
 * A file in the data directory that says that the replicas must get new ids. It is written before what is damaged is removed from
 * the log, and removed once the log has the new ids: a crash between the two must not hide the damage.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { removeFile, replaceFile } from './durable-file.js';

export class DamageMark {
  readonly #path: string;

  /** @param folder the data directory. */
  constructor(folder: string) {
    this.#path = join(folder, 'damaged');
  }

  get isSet(): boolean {
    return existsSync(this.#path);
  }

  /** @param reason a text for an operator who looks into the folder. */
  set(reason: string): Promise<void> {
    return replaceFile(this.#path, `${reason}\n`);
  }

  clear(): Promise<void> {
    return removeFile(this.#path);
  }
}
