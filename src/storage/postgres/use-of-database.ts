/** What the sessions of a node have in common: whose database it is, up to which write it is known, and whether it was lost. */
import { randomBytes } from 'node:crypto';
import { DatabaseError } from '../database/state-database.js';
import { explained } from './postgres-errors.js';
import type { PostgresSession } from './postgres-session.js';
import { findNodeRow } from './statements.js';

const writerBytes = 8;
/** There is no such table: somebody has removed the tables, or the database is another one. */
const undefinedTable = '42P01';

export class UseOfDatabase {
  /** Names this process in the database. */
  readonly writer = randomBytes(writerBytes).toString('hex');
  /** Host, port and database, for messages. */
  readonly target: string;
  readonly failure: Promise<Error>;
  /** The writes that PostgreSQL has confirmed. */
  writes = 0;
  /** True: one more write may have been executed, whose answer has not arrived. */
  hasUnansweredWrite = false;
  #lost: DatabaseError | undefined;
  #reportFailure!: (error: Error) => void;

  constructor(target: string) {
    this.target = target;
    this.failure = new Promise((resolve) => {
      this.#reportFailure = resolve;
    });
  }

  /** @throws DatabaseError if the database must not be used any more */
  check(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** The session may be used if it shows the node as this process has left it. @throws DatabaseError */
  async checkSession(session: PostgresSession): Promise<number> {
    const confirmed = this.writes;
    const [found] = await session.query(findNodeRow);
    const [writer, writes] = (found?.slice(3) ?? ['', 0]) as [string, number];
    if (writer !== this.writer || writes < confirmed) throw this.lose();
    return writes;
  }

  /** @returns the error for the caller */
  lose(): DatabaseError {
    return this.#fail(
      new DatabaseError(
        `PostgreSQL at ${this.target}: the database is not as this node has left it. It was restored from an older copy, a standby took ` +
          'over that had not received every commit, or another process writes to it. Start the node again: it then uses what the ' +
          'database has only where its log continues it, and receives the rest from other nodes',
        { isLost: true },
      ),
    );
  }

  /** The error that the caller gets for what a session has thrown. */
  explain(error: unknown): DatabaseError {
    if (error instanceof Error && 'code' in error && error.code === undefinedTable) return this.lose();
    const explanation = explained(error, this.target);
    return explanation.isLost ? this.#fail(explanation) : explanation;
  }

  #fail(error: DatabaseError): DatabaseError {
    this.#lost ??= error;
    this.#reportFailure(this.#lost);
    return this.#lost;
  }
}
