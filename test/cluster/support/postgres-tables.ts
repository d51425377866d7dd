/** For tests of the database of state: tables of their own on a server, and what somebody else does to them. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { LocalPostgres } from '../../../local/postgres.js';
import { PostgresDatabase, type PostgresOptions } from '../../../src/storage/postgres/index.js';

const schemaBytes = 6;
export const identity = { nodeId: 'node-1', clusterId: 'cluster-1', folderId: 'folder-1' };

export class PostgresTables {
  readonly #server: LocalPostgres;
  readonly schema = `s${randomBytes(schemaBytes).toString('hex')}`;

  constructor(server: LocalPostgres) {
    this.#server = server;
  }

  get url(): string {
    return inSchema(this.#server.url(), this.schema);
  }

  open(options: Partial<PostgresOptions> = {}): Promise<PostgresDatabase> {
    return PostgresDatabase.open({ url: this.url, identity, ...options });
  }

  /** Another client executes statements in the schema. @returns the columns of all rows of the last one, one after the other */
  async execute(text: string): Promise<unknown[]> {
    return executeAt(this.url, text);
  }
}

export function inSchema(url: string, schema: string): string {
  return `${url}?options=-csearch_path%3D${schema}`;
}

export async function executeAt(url: string, text: string): Promise<unknown[]> {
  const client = await connectTo(url);
  try {
    const results = [await client.query<unknown[]>({ text, rowMode: 'array' })].flat();
    return results.at(-1)!.rows.flat();
  } finally {
    await client.end();
  }
}

export async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}
