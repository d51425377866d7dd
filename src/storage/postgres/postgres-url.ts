/** The URL of a database, as PostgreSQL's own programs accept it: `postgres://user:password@host:port/database?options=-csearch_path%3Dschema`. */
import pg from 'pg';
import { DatabaseError } from '../database/state-database.js';

const protocols: ReadonlySet<string> = new Set(['postgres:', 'postgresql:']);

/** What is wrong with the URL, without the URL itself, which may have a password. Undefined: nothing. */
function problemOfPostgresUrl(url: string): string | undefined {
  try {
    if (!protocols.has(new URL(url).protocol)) return 'must begin with postgres:// or postgresql://';
    new pg.Client({ connectionString: url });
    return undefined;
  } catch {
    return 'must be a URL like postgres://user@host:5432/database';
  }
}

/** Host, port and database of the URL, for messages. @throws DatabaseError */
export function targetOf(url: string): string {
  const problem = problemOfPostgresUrl(url);
  if (problem !== undefined) throw new DatabaseError(`--postgres ${problem}`, { isLost: true });
  const { host, port, database } = new pg.Client({ connectionString: url });
  const address = host.includes(':') && !host.startsWith('/') ? `[${host}]` : host;
  return `${address}:${port}/${database ?? ''}`;
}
