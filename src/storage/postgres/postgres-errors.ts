/** What PostgreSQL and the network refuse, in the words of an operator: what failed, and what to do about it. Never with a password. */
import pg from 'pg';
import { DatabaseError } from '../database/state-database.js';

const mustOwn = 'The user of --postgres must own the database or the schema, or have the right to create tables in it';
/** By SQLSTATE, or by its first two characters. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const adviceByState: Readonly<Record<string, string>> = {
  '25006': 'It is read-only: name the primary server and not a standby, or turn default_transaction_read_only off',
  '28': 'Check the user and the password in --postgres, and pg_hba.conf of the server',
  '3D000': 'Create the database, or name another one in --postgres',
  '3F000': mustOwn,
  '42501': mustOwn,
  '42P07': 'A table of that name is there already: use a database or a schema that belongs to this node alone',
  '53100': 'Its disk is full: make room',
  '53200': 'It is out of memory',
  '53300': 'It has no connection left: each node needs three; raise max_connections',
  '53400': 'A limit in its configuration was reached',
  '55P03': 'Another session holds a lock',
  '57014': 'The call took longer than it may, or an operator cancelled it',
  '57P': 'It is stopping, starting or recovering; the node tries again',
  '58': 'Its disk or operating system failed: see its log',
  XX: 'It found its data damaged: see its log',
};

/** By the codes of Node.js. */
const adviceByCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there: start PostgreSQL, or correct --postgres',
  ENOTFOUND: 'The name of the host is not known: correct --postgres',
  EAI_AGAIN: 'The name of the host could not be looked up',
  EHOSTUNREACH: 'The host cannot be reached',
  ENETUNREACH: 'The host cannot be reached',
};

const adviceOfSilence = 'It hangs, is overloaded, or is cut off: try psql from this machine';

/** PostgreSQL has not answered in time. Whether it has executed the call is not known. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** True: PostgreSQL itself says that it has not executed the call, and goes on with the session. */
export function isRefusedStatement(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR';
}

/** @param target host, port and database */
export function explained(error: unknown, target: string): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const message = error instanceof Error ? firstLine(error) : String(error);
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const advice = error instanceof NoAnswerError ? adviceOfSilence : code && adviceOf(code);
  const reason = code === undefined || message.includes(code) ? message : `${message} (${code})`;
  return new DatabaseError(`PostgreSQL at ${target}: ${reason}${advice === undefined ? '' : `. ${advice}`}`, { cause: error });
}

/** An error of several addresses of a host has a message for each, and none of its own. */
function firstLine(error: Error): string {
  const [inner] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return error.message !== '' || !(inner instanceof Error) ? error.message : inner.message;
}

function adviceOf(code: string): string | undefined {
  return adviceByCode[code] ?? adviceByState[code] ?? adviceByState[code.slice(0, 3)] ?? adviceByState[code.slice(0, 2)];
}
