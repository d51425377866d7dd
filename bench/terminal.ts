/** One line at the bottom of a terminal that is written over and over, below the lines that stay. */
import type { WriteStream } from 'node:tty';

/** From the cursor to the end of the line: after the text and not before it, so that nothing flickers. */
const eraseRest = '\x1b[K';

export class LiveLine {
  readonly #out: WriteStream;
  #shown = '';

  constructor(out: WriteStream) {
    this.#out = out;
  }

  /** Writes over the line that was shown before. Only for a terminal. */
  show(line: string): void {
    // A line that wraps could not be written over; the last column makes some terminals wrap.
    this.#shown = printable(line).slice(0, Math.max(1, (this.#out.columns || 80) - 1));
    this.#out.write(`\r${this.#shown}${eraseRest}`);
  }

  /** A line that stays, above the live one if there is one. */
  note(line: string): void {
    this.#out.write(this.#shown === '' ? `${printable(line)}\n` : `\r${printable(line)}${eraseRest}\n${this.#shown}`);
  }

  clear(): void {
    if (this.#shown !== '') this.#out.write(`\r${eraseRest}`);
    this.#shown = '';
  }
}

/** What comes from nodes must not move the cursor. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, '\u{fffd}');
}
