/** What was found wrong, and how it is counted. */
import { keyName } from './options.js';

/** A count, and the first few in words. */
export interface Violations {
  readonly count: number;
  readonly examples: readonly string[];
}

export interface VerificationResult {
  readonly keysRead: number;
  /** Keys that could not be read back: nothing is known of them, so the verification has not succeeded. */
  readonly unreadable: number;
  readonly violations: Violations;
}

/** Words are kept of so many. */
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
