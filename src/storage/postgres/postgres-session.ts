/**
 * One connection to PostgreSQL. Every call has a deadline: a connection on which nothing answers is destroyed, so that it is of no use
 * any more, and its owner opens another one.
 */
import { Socket } from 'node:net';
import pg from 'pg';
import { DatabaseError } from '../database/state-database.js';
import { NoAnswerError } from './postgres-errors.js';

/** A statement that PostgreSQL parses once for each session. */
export interface SqlStatement {
  readonly name: string;
  readonly text: string;
}

export interface SessionOptions {
  readonly url: string;
  /** What an administrator sees in pg_stat_activity. */
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  /** PostgreSQL cancels a statement after that. The session waits a little longer, for the error. */
  readonly callTimeoutMs: number;
}

/** A value of a column: what `parsers` return, or null. */
type Column = Buffer | number | string | boolean | null;
export type Columns = readonly Column[];

/** Since it has client_connection_check_interval. */
const oldestVersion = 14;
const graceMs = 1_000;

/** Of the types of the columns that are read: bytea, int8, int4, bool. Everything else is text. */
const parsers: Readonly<Record<number, (text: string) => Column>> = {
  16: (text) => text === 't',
  17: (text) => Buffer.from(text.slice(2), 'hex'),
  20: Number,
  23: Number,
};
const typeParsers = { getTypeParser: (type: number) => parsers[type] ?? String };

/**
 * Acknowledged is flushed. Every statement is a search by keys: so it is planned once, by the index, and not by what statistics say of a
 * table that was small a moment ago. A session whose client is gone ends within seconds, and with it its lock.
 */
const settings: Readonly<Record<string, string>> = {
  synchronous_commit: 'on',
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
  bytea_output: 'hex',
  lock_timeout: '5s',
  client_connection_check_interval: '5s',
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '25s',
};

const prepareSession: SqlStatement = {
  name: 'prepare_session',
  // An older version lacks some settings, and is reported as such.
  text: `
    select current_setting('server_version_num')::int, pg_backend_pid(), count(set_config(name, wanted.value, false))
    from json_each_text($1) as wanted (name, value) join pg_settings using (name)`,
};

export class PostgresSession {
  readonly #client: pg.Client;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  /** Undefined: the connection is open. */
  #end: Error | undefined;
  /** The process of the server that serves the session. */
  processId = 0;

  static async open(options: SessionOptions): Promise<PostgresSession> {
    const session = new PostgresSession(options);
    try {
      await session.#client.connect();
      await session.#prepare(options.callTimeoutMs);
      return session;
    } catch (error) {
      session.destroy(new Error('the session could not be opened'));
      throw error;
    }
  }

  private constructor({ url, applicationName, connectTimeoutMs, callTimeoutMs }: SessionOptions) {
    this.#timeoutMs = callTimeoutMs + graceMs;
    this.#socket = new Socket();
    this.#client = new pg.Client({
      connectionString: url,
      application_name: applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      types: typeParsers as unknown as pg.CustomTypesConfig,
      stream: () => this.#socket,
    });
    this.#client.on('error', (error) => {
      this.#end ??= error;
    });
    this.#client.on('end', () => {
      this.#end ??= new Error('PostgreSQL has closed the connection');
    });
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  async #prepare(callTimeoutMs: number): Promise<void> {
    const all = { ...settings, statement_timeout: `${callTimeoutMs}ms` };
    const [row] = await this.query(prepareSession, [JSON.stringify(all)]);
    const [version, processId] = row as [number, number];
    this.processId = processId;
    const major = Math.floor(version / 10_000);
    if (major < oldestVersion)
      throw new DatabaseError(`PostgreSQL ${major} is too old: kvnode needs version ${oldestVersion} or later`, { isLost: true });
  }

  /** @throws NoAnswerError, pg.DatabaseError, or an error of the connection. */
  async query(statement: SqlStatement, values: readonly unknown[] = []): Promise<readonly Columns[]> {
    return this.#inTime(async () => {
      const { rows } = await this.#client.query<Column[]>({ ...statement, values: [...values], rowMode: 'array' });
      return rows;
    });
  }

  /** Executes several statements in one transaction. */
  async execute(text: string): Promise<void> {
    await this.#inTime(() => this.#client.query(text));
  }

  async #inTime<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.#end !== undefined) throw this.#end;
    const timer = setTimeout(() => {
      this.destroy(new NoAnswerError(`no answer within ${this.#timeoutMs} ms`));
    }, this.#timeoutMs);
    try {
      return await call();
    } catch (error) {
      throw this.#hasTimedOut() ?? error;
    } finally {
      clearTimeout(timer);
    }
  }

  #hasTimedOut(): NoAnswerError | undefined {
    return this.#end instanceof NoAnswerError ? this.#end : undefined;
  }

  /** Whatever is under way fails. Idempotent. */
  destroy(reason: Error): void {
    this.#end ??= reason;
    this.#socket.destroy();
  }

  /** Ends the session in order: PostgreSQL releases its locks. Nothing is under way. Idempotent. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.#end = new Error('the session is closed');
    const timer = setTimeout(() => this.#socket.destroy(), graceMs);
    await this.#client.end().catch(() => {});
    clearTimeout(timer);
  }
}
