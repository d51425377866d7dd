/** Writes results to stdout, as text for people or as one JSON value for programs. Notes and errors go to stderr. */
import { once } from 'node:events';
import { KvError } from '../../errors.js';
import { describeError, explainCallFailure, renderError } from '../explain.js';
import { legible, legibleBytes, legibleJson } from '../legible.js';

export class Output {
  readonly #json: boolean;
  readonly #isTerminal: boolean;
  /** The last line on stderr shows progress, and the next output overwrites it. */
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

  /** Writes JSON only: text output has no such result, or was already written. */
  noResult(json: object): void {
    if (this.#json) process.stdout.write(`${legibleJson(json)}\n`);
  }

  /**
   * Writes `prefix` and the bytes of a value unchanged, since decoding would change invalid UTF-8. On a terminal,
   * unprintable bytes are escaped, since the terminal would execute control sequences.
   */
  value(prefix: string, bytes: Uint8Array, json: object): void {
    if (this.#json) return this.noResult(json);
    const shown = this.#isTerminal ? Buffer.from(legibleBytes(bytes)) : Buffer.from(bytes);
    process.stdout.write(Buffer.concat([Buffer.from(prefix), shown, Buffer.from('\n')]));
    if (this.#isTerminal && !shown.equals(bytes))
      this.note('the value is not plain text: some bytes are shown as \\x.. or \\u....');
  }

  rawValue(bytes: Uint8Array): void {
    process.stdout.write(bytes);
  }

  /** Resolves once the reader of stdout has room again: a command with much output waits for it. */
  async written(): Promise<void> {
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  }

  note(text: string): void {
    this.endProgress();
    process.stderr.write(`${legible(text)}\n`);
  }

  /** Reports progress: on a terminal a line that the next one overwrites; with --json nothing. */
  progress(text: string): void {
    if (this.#json) return;
    this.#hasProgress = process.stderr.isTTY === true;
    process.stderr.write(this.#hasProgress ? `\r${text}\x1b[K` : `${text}\n`);
  }

  endProgress(): void {
    if (this.#hasProgress) process.stderr.write('\r\x1b[K');
    this.#hasProgress = false;
  }

  /** `facts`: further fields of the JSON output. */
  failure(error: unknown, isWrite: boolean, explanation = explainCallFailure(error, isWrite), facts: object = {}): void {
    const json = { error: { ...errorToJson(error), ...explanation, ...facts } };
    this.note(this.#json ? legibleJson(json) : renderError('kvctl', error, explanation));
  }

  /** Reports a wait once, even if several calls wait for the same. @returns whether this call reported it. */
  waitsFor(what: string): boolean {
    if (what === this.#waitsFor) return false;
    this.#waitsFor = what;
    this.remark(`waiting: ${what}`);
    return true;
  }

  waitsNoMore(): void {
    this.#waitsFor = '';
  }

  /** A note for people only. Programs find the same fact in the JSON result. */
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
