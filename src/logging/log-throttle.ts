/**
 * Limits how often equal log lines are written for many shards, so that one event does not fill the log. The first few equal
 * lines are written, and a summary after a second counts the rest. While equal lines keep coming, only summaries are written, at
 * ever longer intervals.
 */
import type { Logger } from 'pino';

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Limits the equal lines written in the first window. */
const linesPerWindow = 4;
const firstWindowMs = 1_000;
/** Limits the length of a window. Each window with too many lines is followed by one twice as long. */
const longestWindowMs = 16_000;
/** Limits the shards that a summary names. */
const maxShards = 32;

/** A log line about one shard. Lines about other shards are equal if their text and sense are. */
export interface ShardLine {
  readonly shard: number;
  readonly level: Level;
  readonly fields: object;
  readonly text: string;
  /** Distinguishes lines with the same text, for example by the new role in "role changed". */
  readonly sense?: string;
}

/** A window of equal lines. */
interface Window {
  readonly line: ShardLine;
  readonly windowMs: number;
  /** Number of lines that are written as they are; the rest is only counted. */
  readonly writable: number;
  timer: NodeJS.Timeout | undefined;
  count: number;
  /** Shards of the lines that were not written, up to `maxShards`. */
  readonly unwritten: Set<number>;
}

/** One throttle serves all shards of a node. */
export class LogThrottle {
  readonly #logger: Logger;
  readonly #windows = new Map<string, Window>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param logger adds the fields of the shard. */
  write(logger: Logger, line: ShardLine): void {
    const { shard, level, fields, text, sense = '' } = line;
    const key = `${text} ${sense}`;
    const window = this.#windows.get(key) ?? this.#open(key, line, firstWindowMs, linesPerWindow);
    window.count += 1;
    if (window.count <= window.writable) logger[level](fields, text);
    else if (window.unwritten.size < maxShards) window.unwritten.add(shard);
  }

  close(): void {
    for (const window of this.#windows.values()) {
      clearTimeout(window.timer);
      this.#summarize(window);
    }
    this.#windows.clear();
  }

  #open(key: string, line: ShardLine, windowMs: number, writable: number): Window {
    const window: Window = { line, windowMs, writable, timer: undefined, count: 0, unwritten: new Set() };
    window.timer = setTimeout(() => this.#endWindow(key, window), windowMs);
    this.#windows.set(key, window);
    return window;
  }

  /** If the lines have become rare, no window follows, and the next ones are written in full. */
  #endWindow(key: string, window: Window): void {
    this.#summarize(window);
    this.#windows.delete(key);
    if (window.count > linesPerWindow) this.#open(key, window.line, Math.min(window.windowMs * 2, longestWindowMs), 0);
  }

  #summarize({ line, count, writable, unwritten }: Window): void {
    if (count <= writable) return;
    const { level, text, sense } = line;
    this.#logger[level]({ line: text, sense, more: count - writable, shards: [...unwritten] }, 'the same of more shards');
  }
}
