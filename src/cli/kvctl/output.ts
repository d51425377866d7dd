/** Where results go: to stdout, as text for people or as one JSON value for programs. Notes and errors go to stderr. */

export class Output {
  readonly #json: boolean;

  constructor(json: boolean) {
    this.#json = json;
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
    if (this.#json) {
      this.noResult(json);
    } else {
      this.rawValue(bytes);
      process.stdout.write('\n');
    }
  }

  rawValue(bytes: Uint8Array): void {
    process.stdout.write(bytes);
  }

  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }
}

/** A value for JSON: as text where it is text, else as base64, under different names so that neither is taken for the other. */
export function jsonValue(value: Uint8Array): { value: string } | { valueBase64: string } {
  try {
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value) };
  } catch {
    return { valueBase64: Buffer.from(value).toString('base64') };
  }
}
