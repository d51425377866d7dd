/** Where results go: to stdout, as text for people or as one JSON value for programs. Notes and errors go to stderr. */
import { KvError } from '../../errors.js';
import { describeError, explainCallFailure, renderError } from '../explain.js';

export class Output {
  readonly #json: boolean;

  constructor(json: boolean) {
    this.#json = json;
  }

  get isJson(): boolean {
    return this.#json;
  }

  result(text: string, json: object): void {
    process.stdout.write(this.#json ? `${JSON.stringify(json)}\n` : `${text}\n`);
  }

  /** Where a person is told nothing, or already was. */
  noResult(json: object): void {
    if (this.#json) process.stdout.write(`${JSON.stringify(json)}\n`);
  }

  /** The bytes of a value go out as they are: decoding them would change what is not valid UTF-8. */
  value(bytes: Uint8Array, json: object): void {
    this.line([bytes], json);
  }

  line(parts: readonly (string | Uint8Array)[], json: object): void {
    if (this.#json) return this.noResult(json);
    process.stdout.write(Buffer.concat([...parts, '\n'].map((part) => Buffer.from(part as string))));
  }

  rawValue(bytes: Uint8Array): void {
    process.stdout.write(bytes);
  }

  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  failure(error: unknown, isWrite: boolean): void {
    this.note(
      this.#json ? JSON.stringify(errorToJson(error, isWrite)) : renderError('kvctl', error, explainCallFailure(error, isWrite)),
    );
  }

  /** For people alone: what a program is told in the result. */
  remark(text: string): void {
    if (!this.#json) this.note(text);
  }
}

/** On stderr, as every error. */
function errorToJson(error: unknown, isWrite: boolean): object {
  const told = { message: describeError(error), ...explainCallFailure(error, isWrite) };
  if (!(error instanceof KvError)) return { error: told };
  const { code, executed, currentVersion } = error;
  return { error: { code, executed, ...(currentVersion === undefined ? {} : { currentVersion }), ...told } };
}

/** A value for JSON: as text where it is text, else as base64, under different names so that neither is taken for the other. */
export function jsonValue(value: Uint8Array): { value: string } | { valueBase64: string } {
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value) };
  } catch {
    return { valueBase64: Buffer.from(value).toString('base64') };
  }
}

/** A key on a line of its own: quoted where it holds what would break the line or play tricks on a terminal. */
export function printable(key: string): string {
  return unprintable.test(key) ? JSON.stringify(key).replace(unprintables, escaped) : key;
}

const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const unprintables = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** As in JSON: a character beyond the first 65,536 is two. */
function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
