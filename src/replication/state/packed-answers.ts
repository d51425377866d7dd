/** The answers of packed requests (R16), as an array of numbers and one of bytes. */
import { type JudgedAnswer, judgedRefusals } from '../protocol/recorded-answer.js';
import type { KeyResult } from '../protocol/transaction.js';

/** The first number of an answer. */
const none = 0;
const transacted = 1;
const nothingToDelete = 2;
const refused = 3;
/** Instead of a number: the field is absent. */
const absent = -1;
/** Values above this size are not copied, as in PackedEntries. */
const maxCopiedBytes = 4 * 1024;

export class PackedAnswers {
  readonly bytes: number;
  readonly #numbers: Float64Array;
  /** By answer: where its numbers begin. */
  readonly #starts: Uint32Array;
  readonly #values: Uint8Array;
  readonly #large: Uint8Array[] = [];

  constructor(answers: readonly (JudgedAnswer | undefined)[]) {
    const numbers: number[] = [];
    const values: Uint8Array[] = [];
    let valueBytes = 0;
    let largeBytes = 0;
    /** @returns where the value lies among the copied ones; absent or below: which of the large ones it is. */
    const place = (value: Uint8Array): number => {
      if (value.length > maxCopiedBytes) {
        largeBytes += value.length;
        return absent - this.#large.push(value);
      }
      values.push(value);
      valueBytes += value.length;
      return valueBytes - value.length;
    };
    this.#starts = Uint32Array.from(answers, (answer) => {
      const start = numbers.length;
      append(numbers, answer, place);
      return start;
    });
    this.#numbers = Float64Array.from(numbers);
    this.#values = new Uint8Array(valueBytes);
    let at = 0;
    for (const value of values) {
      this.#values.set(value, at);
      at += value.length;
    }
    this.bytes = this.#numbers.byteLength + this.#starts.byteLength + valueBytes + largeBytes;
  }

  get(index: number): JudgedAnswer | undefined {
    const numbers = this.#numbers;
    let at = this.#starts[index]!;
    const next = (): number => numbers[at++]!;
    const optional = (): number | undefined => {
      const number = next();
      return number === absent ? undefined : number;
    };
    switch (next()) {
      case none:
        return undefined;
      case nothingToDelete:
        return { kind: 'nothingToDelete' };
      case refused: {
        const [refusal, currentVersion, operation] = [judgedRefusals[next()]!, next(), optional()];
        return { kind: 'refused', refusal, currentVersion, ...(operation === undefined ? {} : { operation }) };
      }
      default: {
        const [held, version, count] = [next() === 1, next(), next()];
        const results = Array.from({ length: count }, (): KeyResult => {
          const [resultVersion, length, place] = [next(), next(), next()];
          const [previousVersion, bytes, existed, expiresAtMs] = [optional(), optional(), optional(), optional()];
          return {
            version: resultVersion,
            ...(length === absent ? {} : { value: this.#valueAt(place, length) }),
            ...(previousVersion === undefined ? {} : { previousVersion }),
            ...(bytes === undefined ? {} : { valueBytes: bytes }),
            ...(existed === undefined ? {} : { existed: existed === 1 }),
            ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
          };
        });
        return { kind: 'transacted', version, held, results };
      }
    }
  }

  #valueAt(place: number, length: number): Uint8Array {
    return place < absent ? this.#large[absent - 1 - place]! : this.#values.subarray(place, place + length);
  }
}

function append(numbers: number[], answer: JudgedAnswer | undefined, place: (value: Uint8Array) => number): void {
  if (answer === undefined) numbers.push(none);
  else if (answer.kind === 'nothingToDelete') numbers.push(nothingToDelete);
  else if (answer.kind === 'refused') {
    const { refusal, currentVersion, operation = absent } = answer;
    numbers.push(refused, judgedRefusals.indexOf(refusal), currentVersion, operation);
  } else {
    const { held, version, results } = answer;
    numbers.push(transacted, held ? 1 : 0, version, results.length);
    for (const result of results) {
      const { value, previousVersion = absent, valueBytes = absent, existed, expiresAtMs = absent } = result;
      const where = value === undefined ? [absent, 0] : [value.length, place(value)];
      const existence = existed === undefined ? absent : Number(existed);
      numbers.push(result.version, ...where, previousVersion, valueBytes, existence, expiresAtMs);
    }
  }
}
