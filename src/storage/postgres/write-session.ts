/**
 * The session that writes, one statement after the other. It holds the lock of the schema, so that no other process uses it.
 *
 * A session that ends is replaced at the next call. PostgreSQL grants the lock once the session before it has ended, so an unanswered
 * write has been executed by then, or never will be.
 */
import { Mutex } from 'async-mutex';
import { DatabaseError } from '../database/state-database.js';
import { isRefusedStatement, NoAnswerError } from './postgres-errors.js';
import { type Columns, PostgresSession, type SessionOptions, type SqlStatement } from './postgres-session.js';
import { lockHolder, lockSchema, takeOver, terminateSession } from './statements.js';
import type { UseOfDatabase } from './use-of-database.js';

const lockNotAvailable = '55P03';
const queryCancelled = '57014';
/** A call that takes too long gets more time when it is repeated, since it might never end otherwise: up to so many times as much. */
const mostPatience = 8;

export class WriteSession {
  readonly #use: UseOfDatabase;
  readonly #options: SessionOptions;
  readonly #mutex = new Mutex();
  #patience = 1;
  #session: PostgresSession | undefined;

  constructor(use: UseOfDatabase, options: SessionOptions) {
    this.#use = use;
    this.#options = options;
  }

  /**
   * Opens the first session.
   * @param prepare gets it before the lock is taken
   * @param read gets it with the lock
   */
  async open<Result>(
    prepare: (session: PostgresSession) => Promise<void>,
    read: (session: PostgresSession) => Promise<Result>,
  ): Promise<Result> {
    const session = await PostgresSession.open(this.#options);
    try {
      await prepare(session);
      await this.#lock(session);
      const result = await read(session);
      const [[writes]] = (await session.query(takeOver, [this.#use.writer])) as [[number]];
      this.#use.writes = writes;
      this.#session = session;
      return result;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** Executes a statement that begins with `guard`. @throws DatabaseError */
  write(statement: SqlStatement, values: readonly unknown[]): Promise<readonly Columns[]> {
    return this.#mutex.runExclusive(async () => {
      this.#use.check();
      try {
        const session = await this.#opened();
        const rows = await this.#execute(session, statement, values);
        this.#patience = 1;
        return rows;
      } catch (error) {
        if (isTooSlow(error)) this.#beMorePatient(error);
        throw this.#use.explain(error);
      }
    });
  }

  async #execute(session: PostgresSession, statement: SqlStatement, values: readonly unknown[]): Promise<readonly Columns[]> {
    const use = this.#use;
    let rows: readonly Columns[];
    try {
      rows = await session.query(statement, [use.writer, use.writes, ...values]);
    } catch (error) {
      if (!isRefusedStatement(error)) use.hasUnansweredWrite = true;
      throw error;
    }
    if (rows.length === 0) throw use.lose();
    use.writes += 1;
    return rows;
  }

  async #opened(): Promise<PostgresSession> {
    const before = this.#session;
    if (before?.isOpen === true) return before;
    const session = await PostgresSession.open({ ...this.#options, callTimeoutMs: this.#options.callTimeoutMs * this.#patience });
    try {
      await this.#lock(session, before?.processId);
      await this.#catchUp(session);
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#session = session;
    return session;
  }

  /** The write that was not answered counts if it was executed. */
  async #catchUp(session: PostgresSession): Promise<void> {
    const use = this.#use;
    const writes = await use.checkSession(session);
    if (writes > use.writes + (use.hasUnansweredWrite ? 1 : 0)) throw use.lose();
    use.writes = writes;
    use.hasUnansweredWrite = false;
  }

  /** @param before the session of this process that may still hold the lock */
  async #lock(session: PostgresSession, before?: number): Promise<void> {
    const [holder] = await session.query(lockHolder);
    if (holder !== undefined && holder[0] === before) await session.query(terminateSession, [before]);
    try {
      await session.query(lockSchema);
    } catch (error) {
      if (!isRefusedStatement(error) || (error as { code?: string }).code !== lockNotAvailable) throw error;
      const [other] = await session.query(lockHolder);
      const [process, name, address] = other ?? [];
      throw new DatabaseError(
        `PostgreSQL at ${this.#use.target}: another process uses these tables: ${name}, address ${address}, session ${process}. ` +
          'Give each node a database or a schema of its own in --postgres, or end that process',
        { cause: error },
      );
    }
  }

  #beMorePatient(error: unknown): void {
    this.#patience = Math.min(this.#patience * 2, mostPatience);
    this.#session?.destroy(error as Error);
  }

  /** Ends the session and its lock. Idempotent. Nothing is under way. */
  async close(): Promise<void> {
    await this.#session?.close();
  }
}

function isTooSlow(error: unknown): boolean {
  return error instanceof NoAnswerError || (isRefusedStatement(error) && (error as { code?: string }).code === queryCancelled);
}
