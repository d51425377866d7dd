/** PostgreSQL is killed, paused, cut off and restored, while a node commits. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalPostgres } from '../../local/postgres.js';
import { positionAt, rowOf } from '../../src/storage/database/state-database.conformance.js';
import type { RowTotals } from '../../src/storage/database/state-database.js';
import type { PostgresDatabase } from '../../src/storage/postgres/index.js';
import { TcpProxy } from '../unit/client-testing/tcp-proxy.js';
import { executeAt, PostgresTables } from './support/postgres-tables.js';

const keys = 5;
const tryAgainMs = 20;

describe('PostgreSQL', () => {
  let postgres: LocalPostgres;
  let tables: PostgresTables;
  let database: PostgresDatabase;
  beforeEach(async () => {
    postgres = await LocalPostgres.start();
    tables = new PostgresTables(postgres);
  });
  afterEach(async () => {
    await postgres.stop();
  });

  async function open(url = tables.url): Promise<void> {
    database = await tables.open({ url, callTimeoutMs: 1_000 });
    await database.begin(0, positionAt(0));
  }

  /** The commit number `seq` writes its number under one key, and is the position. */
  function commit(seq: number): Promise<readonly RowTotals[]> {
    return database.commit([{ shard: 0, rows: [rowOf(`key ${seq % keys}`, `${seq}`, seq)], position: positionAt(seq) }]);
  }

  /** Repeats a call until the database executes it. */
  async function persistently<Result>(call: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        expect(error).toMatchObject({ name: 'DatabaseError', isLost: false });
        await pause(tryAgainMs);
      }
    }
  }

  async function expectRowsOf(seq: number): Promise<void> {
    const page = await persistently(() => database.page(0, { from: '', most: 100, maxBytes: 1_000_000 }));
    const expected = Array.from({ length: keys }, (_, back) => seq - back).toSorted(
      (one, other) => (one % keys) - (other % keys),
    );
    expect(page.rows.map(({ version, value }) => [version, Buffer.from(value!).toString()])).toEqual(
      expected.map((version) => [version, `${version}`]),
    );
  }

  it('is killed in the middle of commits, again and again: position and rows agree, and no commit is lost', async () => {
    await open();
    let seq = 0;
    let goesOn = true;
    const load = (async () => {
      for (; goesOn; seq += 1) await persistently(() => commit(seq + 1));
    })();
    for (let round = 0; round < 2; round += 1) {
      const before = seq;
      while (seq < before + 20) await new Promise((resolve) => setImmediate(resolve));
      await postgres.stopServer();
      // At most the one that was under way is stored beside those that were acknowledged.
      const acknowledged = seq;
      await postgres.startServer();
      const [position, newest] = await tables.execute('select seq::int, (select max(version)::int from kv) from kv_copies');
      expect(position).toBeGreaterThanOrEqual(acknowledged);
      expect(newest).toBe(position);
    }
    goesOn = false;
    await load;
    await expectRowsOf(seq);
    expect(await commit(seq + 1)).toEqual([{ keys, expiring: 0, bytes: await storedBytes() }]);
    await database.close();
  });

  async function storedBytes(): Promise<unknown> {
    return (await tables.execute('select sum(octet_length(key) + octet_length(value))::int from kv'))[0];
  }

  it('is paused: calls fail after a limit; it continues, and so do they', async () => {
    await open();
    for (let seq = 1; seq <= keys; seq += 1) await commit(seq);
    await postgres.pauseServer();
    const [write, read] = await Promise.allSettled([commit(keys + 1), database.get(0, 'key 0')]);
    for (const call of [write, read])
      expect(call).toMatchObject({ status: 'rejected', reason: { name: 'DatabaseError', isLost: false } });
    await postgres.resumeServer();
    for (let seq = keys + 1; seq <= 2 * keys; seq += 1) await persistently(() => commit(seq));
    await expectRowsOf(2 * keys);
    await database.close();
  });

  it('has executed a commit whose answer was lost: the commit is repeated and counts once', async () => {
    const proxy = await TcpProxy.start(postgres.port);
    await open(tables.url.replace(`:${postgres.port}`, `:${proxy.port}`));
    for (let seq = 1; seq <= keys; seq += 1) await commit(seq);
    proxy.loseAnswers();
    await expect(commit(keys + 1)).rejects.toThrow(/no answer within/);
    expect(await tables.execute('select seq::int from kv_copies')).toEqual([keys + 1]);
    for (let seq = keys + 1; seq <= 2 * keys; seq += 1) await persistently(() => commit(seq));
    await expectRowsOf(2 * keys);
    await database.close();
    await proxy.close();
  });

  it('has lost every connection at once: commits and reads go on', async () => {
    const proxy = await TcpProxy.start(postgres.port);
    await open(tables.url.replace(`:${postgres.port}`, `:${proxy.port}`));
    for (let seq = 1; seq <= 4 * keys; seq += 1) {
      if (seq % keys === 0) proxy.cutConnections();
      await persistently(() => commit(seq));
      expect(await persistently(async () => database.head(0, `key ${seq % keys}`))).toMatchObject({ version: seq });
    }
    await database.close();
    await proxy.close();
  });

  describe('goes back to an older copy of its data', () => {
    beforeEach(async () => {
      await open();
      await commit(1);
      await postgres.backUp();
      await persistently(() => commit(2));
      await postgres.goBack();
      await postgres.startServer();
    });

    it.each([
      ['a commit', () => commit(3)],
      ['a read', async () => database.get(0, 'key 2')],
    ])('%s finds the database lost, and the node hears of it', async (_what, call) => {
      const untilLost = async () => {
        for (;;) await persistently<unknown>(call);
      };
      await expect(untilLost()).rejects.toThrow();
      expect(await database.failure).toMatchObject({ name: 'DatabaseError', isLost: true });
      expect(await executeAt(tables.url, 'select seq::int from kv_copies')).toEqual([1]);
      await database.close();
      await open();
      expect(database.found[0]?.position).toEqual(positionAt(1));
      await database.close();
    });
  });
});
