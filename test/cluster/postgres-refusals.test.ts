/** What a database refuses to a node, and what a node refuses to use. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../local/free-port.js';
import { LocalPostgres } from '../../local/postgres.js';
import { positionAt, rowOf } from '../../src/storage/database/state-database.conformance.js';
import { DatabaseError } from '../../src/storage/database/state-database.js';
import { connectTo, executeAt, identity, inSchema, PostgresTables } from './support/postgres-tables.js';

describe('the tables of a node in PostgreSQL', () => {
  let postgres: LocalPostgres;
  let tables: PostgresTables;
  beforeAll(async () => {
    postgres = await LocalPostgres.start({ max_connections: '20' });
  });
  afterAll(() => postgres.stop());
  beforeEach(() => {
    tables = new PostgresTables(postgres);
  });

  /** Whatever is refused is refused without the password. */
  async function refusal(call: Promise<unknown>): Promise<DatabaseError> {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DatabaseError);
    const everything = [(error as Error).stack, String((error as Error).cause), JSON.stringify((error as Error).cause)].join();
    expect(everything).not.toContain(postgres.password);
    return error as DatabaseError;
  }

  describe('belong to one node', () => {
    it.each([
      ['another node', { nodeId: 'node-2' }, /holds data of node node-1.*--id node-1/],
      ['another cluster', { clusterId: 'cluster-2' }, /holds data of cluster cluster-1.*--zk/],
      ['another data directory', { folderId: 'folder-2' }, /another data directory.*--data-dir/],
    ])('%s is refused, and nothing has changed', async (_what, other, message) => {
      await (await tables.open()).close();
      const before = await tables.execute('select * from kv_node');
      const error = await refusal(tables.open({ identity: { ...identity, ...other } }));
      expect(error.message).toMatch(message);
      expect(error.isLost).toBe(true);
      expect(await tables.execute('select * from kv_node')).toEqual(before);
    });

    it('nodes that share a database have a schema each', async () => {
      const others = new PostgresTables(postgres);
      const one = await tables.open();
      const other = await others.open({ identity: { ...identity, nodeId: 'node-2' } });
      for (const database of [one, other]) await database.begin(0, positionAt(0));
      await one.commit([{ shard: 0, rows: [rowOf('a', 'of the first', 1)] }]);
      expect(await other.get(0, 'a')).toBeUndefined();
      await Promise.all([one.close(), other.close()]);
    });

    it('a second process is refused while the first one runs', async () => {
      const first = await tables.open();
      const error = await refusal(tables.open());
      expect(error.message).toMatch(/another process uses these tables: kvnode node-1, address 127\.0\.0\.1/);
      expect(error.isLost).toBe(false);
      await first.close();
      await (await tables.open()).close();
    });
  });

  it('of a newer version are refused', async () => {
    await (await tables.open()).close();
    await tables.execute('insert into kv_schema (version) values (99)');
    expect(await refusal(tables.open())).toMatchObject({
      isLost: true,
      message: expect.stringMatching(/version 99.*newer kvnode/),
    });
  });

  it('that somebody else has are left alone', async () => {
    await executeAt(postgres.url(), `create schema ${tables.schema}`);
    await tables.execute('create table kv (mine int)');
    expect((await refusal(tables.open())).message).toMatch(/"kv" already exists.*belongs to this node alone/);
    expect(await tables.execute('select * from kv')).toEqual([]);
  });

  describe('when the database refuses', () => {
    it.each([
      ['a password', (url: string) => url.replace(/:[0-9a-f]+@/, ':wrong@'), /password authentication failed.*Check the user/],
      ['a database', (url: string) => url.replace('/postgres?', '/missing?'), /"missing" does not exist.*Create the database/],
      ['a URL', () => 'mysql://root:secret@localhost/kv', /^--postgres must begin with postgres:\/\/ or postgresql:\/\/$/],
      ['a port', () => 'postgres://root:secret@localhost:port/kv', /^--postgres must be a URL like/],
    ])('%s, the error says what to do', async (_what, changed, message) => {
      const { message: found } = await refusal(tables.open({ url: changed(tables.url) }));
      expect(found).toMatch(message);
      expect(found).not.toMatch(/wrong|secret/);
    });

    it('connections, where nothing listens', async () => {
      const port = await freePort();
      const error = await refusal(tables.open({ url: tables.url.replace(`:${postgres.port}`, `:${port}`) }));
      expect(error.message).toContain(`PostgreSQL at 127.0.0.1:${port}/postgres: `);
      expect(error.message).toMatch(/ECONNREFUSED.*Nothing listens there/);
    });

    it('tables, because the user has no right to create them', async () => {
      const role = tables.schema;
      await executeAt(postgres.url(), `create role ${role} login password '${postgres.password}'; create schema ${role}`);
      const url = tables.url.replace('//postgres:', `//${role}:`);
      expect((await refusal(tables.open({ url }))).message).toMatch(
        /no schema has been selected.*must own the database or the schema/,
      );
    });

    it('writes, because it is read-only; then they are executed', async () => {
      const name = tables.schema;
      await executeAt(postgres.url(), `create database ${name}`);
      const database = await tables.open({ url: postgres.url(name) });
      await database.begin(0, positionAt(0));
      const commit = () => database.commit([{ shard: 0, rows: [rowOf('a', 'one', 1)] }]);
      await executeAt(postgres.url(), `alter database ${name} set default_transaction_read_only = on`);
      await endSessions();
      // The first call may still meet a session that has just ended.
      const error = await refusal(commit().catch(commit));
      expect(error.message).toMatch(/read-only transaction.*default_transaction_read_only/);
      expect(error.isLost).toBe(false);
      await executeAt(postgres.url(), `alter database ${name} reset default_transaction_read_only`);
      await endSessions();
      await expect(untilAccepted(commit)).resolves.toMatchObject([{ keys: 1 }]);
      await database.close();
    });

    it('connections, because there are too many; then reads are answered', async () => {
      const database = await tables.open();
      await database.begin(0, positionAt(0));
      await database.commit([{ shard: 0, rows: [rowOf('a', 'one', 1)] }]);
      const get = async () => database.get(0, 'a');
      await endSessions();
      const others: pg.Client[] = [];
      const connectAll = async () => {
        for (;;) others.push(await connectTo(postgres.url()));
      };
      await expect(connectAll()).rejects.toThrow(/too many clients/);
      const error = await refusal(get().catch(get));
      expect(error.message).toMatch(/53300.*raise max_connections/);
      await Promise.all(others.map((client) => client.end()));
      await expect(untilAccepted(get)).resolves.toMatchObject({ version: 1 });
      await database.close();
    });

    it('a call that takes too long: it is given up, and gets more time when it is repeated', async () => {
      const database = await tables.open({ callTimeoutMs: 200 });
      await database.begin(0, positionAt(0));
      const blocker = await connectTo(tables.url);
      await blocker.query('begin; lock table kv');
      const error = await refusal(database.commit([{ shard: 0, rows: [rowOf('a', 'one', 1)] }]));
      expect(error.message).toMatch(/statement timeout.*longer than it may/);
      await blocker.query('rollback');
      await blocker.end();
      await expect(database.commit([{ shard: 0, rows: [rowOf('a', 'one', 1)] }])).resolves.toMatchObject([{ keys: 1 }]);
      await database.close();
    });

    async function endSessions(): Promise<void> {
      const sessions = `select pid from pg_stat_activity where application_name = 'kvnode ${identity.nodeId}'`;
      await executeAt(postgres.url(), `select pg_terminate_backend(pid, 10000) from (${sessions}) as session`);
    }

    /** PostgreSQL may take a moment to release what its sessions have held. */
    async function untilAccepted<Result>(call: () => Promise<Result>): Promise<Result> {
      for (;;) {
        try {
          return await call();
        } catch (error) {
          expect(error).toMatchObject({ name: 'DatabaseError', isLost: false });
        }
      }
    }
  });

  describe('that are not as the node has left them', () => {
    it.each([
      ['another process has written', 'update kv_node set writes = writes + 1'],
      ['another process has taken over', "update kv_node set writer = 'other'"],
      ['an older copy was restored', 'update kv_node set writes = writes - 1'],
      ['the tables are gone', 'drop table kv_node, kv'],
    ])('%s: nothing is written any more, and the node hears of it', async (_what, text) => {
      const database = await tables.open();
      await database.begin(0, positionAt(0));
      await database.commit([{ shard: 0, rows: [rowOf('a', 'one', 1)] }]);
      await tables.execute(text);
      const error = await refusal(database.commit([{ shard: 0, rows: [rowOf('a', 'two', 2)], position: positionAt(2) }]));
      expect(error.isLost).toBe(true);
      expect(error.message).toMatch(/not as this node has left it/);
      expect(await database.failure).toBe(error);
      expect(await refusal(Promise.resolve(database.get(0, 'a')))).toBe(error);
      await database.close();
      if (!text.startsWith('drop')) expect(await tables.execute('select version::int from kv')).toEqual([1]);
    });
  });

  it('can be queried as docs/postgres.md says', async () => {
    const database = await tables.open();
    await database.begin(3, positionAt(0));
    await database.commit([
      { shard: 3, rows: [rowOf('user:1', 'Zoë', 7, 65_000), rowOf('user:2', '', 8)], position: positionAt(8) },
    ]);
    const text = await readFile(join(import.meta.dirname, '../../docs/postgres.md'), 'utf8');
    const blocks = [...text.matchAll(/```sql\n(select[^`]*)```/g)].map(([, block]) => block!);
    const queries = blocks.flatMap((block) => block.split(';').filter((query) => query.trim() !== ''));
    const answers: unknown[][] = [];
    for (const query of queries) answers.push(await tables.execute(query));
    expect(answers.map((answer) => JSON.stringify(answer))).toEqual([
      '["user:1","Zoë","7"]',
      '[3,"user:1",4,3,"user:2",0]',
      expect.stringMatching(/"user:1".*"minutes":1/),
    ]);
    await database.close();
  });

  it('are in the first schema of the search path', async () => {
    await executeAt(postgres.url(), `create database "${tables.schema}"`);
    const database = await tables.open({ url: postgres.url(tables.schema) });
    expect(await executeAt(postgres.url(tables.schema), 'select count(*)::int from public.kv')).toEqual([0]);
    await database.close();
    const inTwo = await tables.open({ url: inSchema(postgres.url(), encodeURIComponent(`"Two-${tables.schema}",public`)) });
    expect(await executeAt(postgres.url(), `select count(*)::int from "Two-${tables.schema}".kv`)).toEqual([0]);
    await inTwo.close();
  });
});
