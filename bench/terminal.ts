/** A line at the bottom of a terminal that is overwritten again and again, below lines that stay. */
import type { WriteStream } from 'node:tty';

/**
 * Erases from the cursor to the end of the line. It follows the text, since an erasure before the text would flicker.
 */
const eraseRest = '\x1b[K';

export class LiveLine {
  readonly #out: WriteStream;
  #shown = '';

  constructor(out: WriteStream) {
    this.#out = out;
  }

  /** Overwrites the previous line. Only for a terminal. */
  show(line: string): void {
    // A line that wraps could not be overwritten, and on some terminals the last column wraps.
    this.#shown = printable(line).slice(0, Math.max(1, (this.#out.columns || 80) - 1));
    this.#out.write(`\r${this.#shown}${eraseRest}`);
  }

  /** Prints a line that stays, above the live line if there is one. */
  note(line: string): void {
    this.#out.write(this.#shown === '' ? `${printable(line)}\n` : `\r${printable(line)}${eraseRest}\n${this.#shown}`);
  }

  clear(): void {
    if (this.#shown !== '') this.#out.write(`\r${eraseRest}`);
    this.#shown = '';
  }
}

/** Removes control characters, since text from nodes must not move the cursor. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, '\u{fffd}');
}
