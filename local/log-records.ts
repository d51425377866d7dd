/** The log of a node as events: its earlier records, and waits for later ones. */

export interface LogRecord {
  readonly msg: string;
  readonly level: number;
  readonly [field: string]: unknown;
}

export type LogMatch = string | ((record: LogRecord) => boolean);

/** The number of records kept for failure reports and waits. Older ones are dropped. */
const maxRecords = 20_000;
const reportedRecords = 40;

interface Waiter {
  readonly matches: (record: LogRecord) => boolean;
  readonly resolve: (record: LogRecord) => void;
  readonly reject: (error: Error) => void;
}

export class LogRecords {
  readonly #records: LogRecord[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Set<(record: LogRecord) => void>();
  #dropped = 0;
  #ended: Error | undefined;

  /** The number of records so far. As `since` it selects only later records. */
  get count(): number {
    return this.#dropped + this.#records.length;
  }

  addLine(line: string): void {
    const record = parse(line);
    this.#records.push(record);
    if (this.#records.length > maxRecords) {
      this.#records.shift();
      this.#dropped += 1;
    }
    for (const listener of this.#listeners) listener(record);
    for (const waiter of this.#waiters) if (waiter.matches(record)) waiter.resolve(record);
  }

  /** Calls the listener with every record from now on. */
  onRecord(listener: (record: LogRecord) => void): void {
    this.#listeners.add(listener);
  }

  /** Ends the log: every present and later wait is rejected with the reason. */
  end(reason: Error): void {
    this.#ended = reason;
    for (const waiter of this.#waiters) waiter.reject(reason);
  }

  /** All records from `since` on that match. */
  find(match: LogMatch, since = 0): LogRecord[] {
    return this.#records.slice(Math.max(0, since - this.#dropped)).filter(predicateOf(match));
  }

  /**
   * @returns the first matching record since `since` (an earlier `count`; default 0), for which it waits up to
   *   `timeoutMs`
   * @throws Error with the end of the log.
   */
  async waitFor(match: LogMatch, { timeoutMs = 30_000, since = 0 } = {}): Promise<LogRecord> {
    const [found] = this.find(match, since);
    if (found !== undefined) return found;
    if (this.#ended !== undefined) throw this.#ended;
    let timer: NodeJS.Timeout | undefined;
    let waiter: Waiter | undefined;
    try {
      return await new Promise<LogRecord>((resolve, reject) => {
        waiter = { matches: predicateOf(match), resolve, reject };
        this.#waiters.add(waiter);
        const what = typeof match === 'string' ? `"${match}"` : 'the awaited record';
        timer = setTimeout(() => reject(new Error(`${what} was not logged within ${timeoutMs} ms:\n${this.tail()}`)), timeoutMs);
      });
    } finally {
      clearTimeout(timer);
      if (waiter !== undefined) this.#waiters.delete(waiter);
    }
  }

  /** The last records, for a failure report. */
  tail(): string {
    return this.#records.slice(-reportedRecords).map(render).join('\n');
  }
}

function predicateOf(match: LogMatch): (record: LogRecord) => boolean {
  return typeof match === 'string' ? (record) => record.msg === match : match;
}

function parse(line: string): LogRecord {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === 'object' && parsed !== null && 'msg' in parsed) return parsed as LogRecord;
  } catch {
    // The line is not from the logger: it is a message on stderr, or the output of a native library.
  }
  return { msg: line, level: 0 };
}

function render({ msg, level, time, ...fields }: LogRecord): string {
  const moment = typeof time === 'number' ? `${new Date(time).toISOString().slice(11, 23)} ` : '';
  const rest = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`;
  return `    ${moment}${msg}${rest}`;
}
