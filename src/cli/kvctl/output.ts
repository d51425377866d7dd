/** Where results go: to stdout, as text for people or as one JSON value for programs. Notes and errors go to stderr. */
import { KvError } from '../../errors.js';
import { describeError, explainCallFailure, renderError } from '../explain.js';
import { legible, legibleBytes, legibleJson } from '../legible.js';

export class Output {
  readonly #json: boolean;
  readonly #isTerminal: boolean;
  /** The last line on stderr shows progress, and is overwritten. */
  #hasProgress = false;
  #waitsFor = '';

  constructor(json: boolean, isTerminal = process.stdout.isTTY === true) {
    this.#json = json;
    this.#isTerminal = isTerminal;
  }

  get isJson(): boolean {
    return this.#json;
  }

  result(text: string, json: object): void {
    process.stdout.write(`${this.#json ? legibleJson(json) : legible(text)}\n`);
  }

  /** Where a person is told nothing, or already was. */
  noResult(json: object): void {
    if (this.#json) process.stdout.write(`${legibleJson(json)}\n`);
  }

  /**
   * `prefix` and the bytes of a value, as they are: decoding them would change what is not valid UTF-8. A terminal alone, which
   * would obey them, is shown them as text.
   */
  value(prefix: string, bytes: Uint8Array, json: object): void {
    if (this.#json) return this.noResult(json);
    const shown = this.#isTerminal ? Buffer.from(legibleBytes(bytes)) : Buffer.from(bytes);
    process.stdout.write(Buffer.concat([Buffer.from(prefix), shown, Buffer.from('\n')]));
    if (this.#isTerminal && !shown.equals(bytes))
      this.note('the value is no plain text: a part of it is shown as \\x.. or \\u....');
  }

  rawValue(bytes: Uint8Array): void {
    process.stdout.write(bytes);
  }

  note(text: string): void {
    this.endProgress();
    process.stderr.write(`${legible(text)}\n`);
  }

  /** How far something is: on a terminal a line that is written over, for programs nothing. */
  progress(text: string): void {
    if (this.#json) return;
    this.#hasProgress = process.stderr.isTTY === true;
    process.stderr.write(this.#hasProgress ? `\r${text}\x1b[K` : `${text}\n`);
  }

  endProgress(): void {
    if (this.#hasProgress) process.stderr.write('\r\x1b[K');
    this.#hasProgress = false;
  }

  /** `facts`: what programs are told besides. */
  failure(error: unknown, isWrite: boolean, explanation = explainCallFailure(error, isWrite), facts: object = {}): void {
    const json = { error: { ...errorToJson(error), ...explanation, ...facts } };
    this.note(this.#json ? legibleJson(json) : renderError('kvctl', error, explanation));
  }

  /** Told once, though several may wait for it. @returns whether it was told. */
  waitsFor(what: string): boolean {
    if (what === this.#waitsFor) return false;
    this.#waitsFor = what;
    this.remark(`waiting: ${what}`);
    return true;
  }

  waitsNoMore(): void {
    this.#waitsFor = '';
  }

  /** For people alone: what a program is told in the result. */
  remark(text: string): void {
    if (!this.#json) this.note(text);
  }
}

function errorToJson(error: unknown): object {
  const message = describeError(error);
  if (!(error instanceof KvError)) return { message };
  const { code, executed, currentVersion } = error;
  return { code, executed, ...(currentVersion === undefined ? {} : { currentVersion }), message };
}

/** A value for JSON: as text where it is text, else as base64, under different names so that neither is taken for the other. */
export function jsonValue(value: Uint8Array): { value: string } | { valueBase64: string } {
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value) };
  } catch {
    return { valueBase64: Buffer.from(value).toString('base64') };
  }
}
