/**
 * A log in which one event that concerns many shards does not fill the screen: of lines that say the same so many are written in
 * a second, and then one that tells of which shards there were more.
 */
import type { Logger } from 'pino';

type Level = 'debug' | 'info' | 'warn' | 'error';

const linesPerWindow = 4;
const windowMs = 1_000;
/** Named in the line that stands for the others. */
const maxShards = 32;

/** A line that stands for others: told of one shard, it may be told of the next in the same words. */
export interface ShardLine {
  readonly shard: number;
  readonly level: Level;
  readonly fields: object;
  readonly text: string;
  /** What else must be the same for two lines to say the same. */
  readonly sense?: string;
}

/** Lines of one sense in the window, and the shards of those that were not written. */
interface Told {
  readonly line: ShardLine;
  count: number;
  readonly unwritten: Set<number>;
}

export class RepeatedLines {
  readonly #logger: Logger;
  readonly #told = new Map<string, Told>();
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `logger` adds what belongs to the shard. */
  write(logger: Logger, line: ShardLine): void {
    this.#timer ??= setTimeout(() => this.#summarize(), windowMs);
    const { shard, level, fields, text, sense = '' } = line;
    const key = `${text} ${sense}`;
    const known = this.#told.get(key) ?? { line, count: 0, unwritten: new Set() };
    this.#told.set(key, known);
    known.count += 1;
    if (known.count <= linesPerWindow) logger[level](fields, text);
    else if (known.unwritten.size < maxShards) known.unwritten.add(shard);
  }

  close(): void {
    this.#summarize();
    clearTimeout(this.#timer);
  }

  #summarize(): void {
    this.#timer = undefined;
    for (const { line, count, unwritten } of this.#told.values()) {
      if (count <= linesPerWindow) continue;
      const { level, text, sense } = line;
      this.#logger[level]({ line: text, sense, more: count - linesPerWindow, shards: [...unwritten] }, 'the same of more shards');
    }
    this.#told.clear();
  }
}
