/**
 * Groups log lines that say the same of many shards, so that one event does not fill the log. The first few lines are written as
 * they are, and a summary after a second counts the rest. While it goes on there are only summaries, at ever longer intervals.
 */
import type { Logger } from 'pino';

type Level = 'debug' | 'info' | 'warn' | 'error';

const linesPerWindow = 4;
const firstWindowMs = 1_000;
/** Each window in which there was more to group is followed by one twice as long, up to this. */
const longestWindowMs = 16_000;
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

/** Lines of one sense in a window of its own. */
interface Group {
  readonly line: ShardLine;
  readonly windowMs: number;
  /** Of these lines so many are written as they are. */
  readonly writable: number;
  timer: NodeJS.Timeout | undefined;
  count: number;
  /** The shards of those that were not written. */
  readonly unwritten: Set<number>;
}

export class LogThrottle {
  readonly #logger: Logger;
  readonly #groups = new Map<string, Group>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `logger` adds what belongs to the shard. */
  write(logger: Logger, line: ShardLine): void {
    const { shard, level, fields, text, sense = '' } = line;
    const key = `${text} ${sense}`;
    const group = this.#groups.get(key) ?? this.#open(key, line, firstWindowMs, linesPerWindow);
    group.count += 1;
    if (group.count <= group.writable) logger[level](fields, text);
    else if (group.unwritten.size < maxShards) group.unwritten.add(shard);
  }

  close(): void {
    for (const group of this.#groups.values()) {
      clearTimeout(group.timer);
      this.#summarize(group);
    }
    this.#groups.clear();
  }

  #open(key: string, line: ShardLine, windowMs: number, writable: number): Group {
    const group: Group = { line, windowMs, writable, timer: undefined, count: 0, unwritten: new Set() };
    group.timer = setTimeout(() => this.#endWindow(key, group), windowMs);
    this.#groups.set(key, group);
    return group;
  }

  /** What has become rare is written in full again. */
  #endWindow(key: string, group: Group): void {
    this.#summarize(group);
    this.#groups.delete(key);
    if (group.count > linesPerWindow) this.#open(key, group.line, Math.min(group.windowMs * 2, longestWindowMs), 0);
  }

  #summarize({ line, count, writable, unwritten }: Group): void {
    if (count <= writable) return;
    const { level, text, sense } = line;
    this.#logger[level]({ line: text, sense, more: count - writable, shards: [...unwritten] }, 'the same of more shards');
  }
}
