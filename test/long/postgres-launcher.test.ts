import { existsSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { LocalPostgres } from '../../local/postgres.js';
import { findPostgres } from '../../local/postgres-installation.js';
import { foldersNamed, startInAnotherProcess, untilDeleted } from './support/launchers.js';

const prefix = 'kvnode-postgres-';

async function connected(url: string, options: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, ...options });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Resolves when the connection has ended in any way. */
function ended(client: pg.Client): Promise<void> {
  return new Promise((resolve) => {
    client.once('end', () => resolve());
  });
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = await connected(url);
  const { rows } = await client.query<unknown[]>({ text, rowMode: 'array' });
  await client.end();
  return rows.flat();
}

describe('local PostgreSQL', () => {
  it('serves, keeps what was committed through SIGKILL, and leaves nothing behind', async () => {
    const before = await foldersNamed(prefix);
    const postgres = await LocalPostgres.start();
    const folder = (await foldersNamed(prefix)).find((name) => !before.includes(name)) ?? '';
    await query(postgres.url(), 'create table kept (a int)');
    await query(postgres.url(), 'insert into kept values (1)');
    const client = await connected(postgres.url());
    const cut = ended(client);

    await postgres.stopServer();
    await cut;
    await expect(connected(postgres.url())).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await postgres.startServer({ max_connections: '7' });
    expect(await query(postgres.url(), 'select a from kept')).toEqual([1]);
    expect(await query(postgres.url(), 'show max_connections')).toEqual(['7']);

    await Promise.all([postgres.stop(), postgres.stop()]);
    expect(existsSync(folder)).toBe(false);
    await expect(postgres.startServer()).rejects.toThrow(/stopped for good/);
  });

  it('accepts only the password of its URL', async () => {
    await using postgres = await LocalPostgres.start();
    await expect(connected(postgres.url().replace(postgres.password, 'other'))).rejects.toMatchObject({ code: '28P01' });
  });

  it('a paused server answers nothing, and then continues; it can be stopped while it is paused', async () => {
    const postgres = await LocalPostgres.start();
    const client = await connected(postgres.url());
    await postgres.pauseServer();
    const answer = client.query('select 1');
    await expect(connected(postgres.url(), { connectionTimeoutMillis: 500 })).rejects.toThrow(/timeout/);
    await postgres.resumeServer();
    expect((await answer).rowCount).toBe(1);
    const cut = ended(client);
    await postgres.pauseServer();
    await postgres.stop();
    await cut;
  });

  it('goes back to the copy of its data', async () => {
    await using postgres = await LocalPostgres.start();
    await query(postgres.url(), 'create table kept (a int)');
    await postgres.backUp();
    await query(postgres.url(), 'insert into kept values (1)');
    await postgres.goBack();
    await postgres.startServer();
    expect(await query(postgres.url(), 'select a from kept')).toEqual([]);
  });

  it('does not outlive a parent that SIGKILL ends', async () => {
    const program = `
      const { LocalPostgres } = await load('./local/postgres.ts');
      print((await LocalPostgres.start()).url());
    `;
    const { parent, printed: url, folder } = await startInAnotherProcess(prefix, program);
    const client = await connected(url);
    const cut = ended(client);
    parent.kill('SIGKILL');
    await cut;
    await untilDeleted(folder);
    await expect(connected(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('without PostgreSQL the error names scripts/setup', async () => {
    await expect(findPostgres({ POSTGRES_HOME: '/nonexistent' })).rejects.toThrow(/scripts\/setup/);
  });
});
