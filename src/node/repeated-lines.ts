/**
 * A log in which one event that concerns many shards does not fill the screen: of lines with one text so many are written in a
 * second, and then one that tells how many more there were.
 */
import type { Logger } from 'pino';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Enough for everything that a node with the default number of shards has to tell. */
const linesPerWindow = 20;
const windowMs = 1_000;

export class RepeatedLines {
  readonly #logger: Logger;
  /** Lines of each text in the window. */
  readonly #counts = new Map<string, { readonly level: Level; count: number }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  write(logger: Logger, level: Level, fields: object, text: string): void {
    this.#timer ??= setTimeout(() => this.#summarize(), windowMs);
    const known = this.#counts.get(text);
    if (known === undefined) this.#counts.set(text, { level, count: 1 });
    else known.count++;
    if ((known?.count ?? 1) <= linesPerWindow) logger[level](fields, text);
  }

  close(): void {
    this.#summarize();
    clearTimeout(this.#timer);
  }

  #summarize(): void {
    this.#timer = undefined;
    for (const [text, { level, count }] of this.#counts) {
      if (count > linesPerWindow) this.#logger[level]({ line: text, more: count - linesPerWindow }, 'the same of more shards');
    }
    this.#counts.clear();
  }
}
