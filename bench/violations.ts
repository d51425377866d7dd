/** Counts violations, and keeps the first ones as text. */
import { keyName } from './options.js';

/** The number of violations, and the first ones as text. */
export interface Violations {
  readonly count: number;
  readonly examples: readonly string[];
}

export interface VerificationResult {
  readonly keysRead: number;
  /** The number of keys that could not be read back. They are not verified, so the verification has not passed. */
  readonly unreadable: number;
  readonly violations: Violations;
}

/** The number of violations that are kept as text. */
const maxExamples = 20;

export class ViolationLog {
  #count = 0;
  readonly #examples: string[] = [];

  add(keyIndex: number, what: string | undefined): void {
    if (what === undefined) return;
    this.#count += 1;
    const example = `${keyName(keyIndex)}: ${what}`;
    if (this.#examples.length < maxExamples && !this.#examples.includes(example)) this.#examples.push(example);
  }

  get summary(): Violations {
    return { count: this.#count, examples: [...this.#examples] };
  }
}
