import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ModelDatabase } from '../../storage/database/model-database.fixture.js';
import { optionsOver } from './database-data.fixture.js';
import { expectFound, overwrite, TestFolders } from './disk-data.fixture.js';
import { TestReplica, writing } from './test-replica.fixture.js';

const folders = new TestFolders();
afterEach(() => folders.removeAll());

describe('replicas whose data is in a database', { timeout: 60_000 }, () => {
  it('apply from several segments of the log what the database lacks', async () => {
    const database = new ModelDatabase();
    const path = folders.create();
    const replica = TestReplica.create(await folders.open(path, { ...optionsOver(database), retainEntries: 10 }), 0);
    database.isAway = true;
    for (let number = 0; number < 200; number++) replica.append([writing(`key ${number}`, `${number}`.padEnd(1_500, '.'))]);
    await replica.durable;
    replica.apply();
    // The log names the applied position with its next record.
    replica.append([writing('last', '')]);
    await replica.durable;
    const copy = folders.copyOf(path);
    database.disk.losePower();
    const data = await folders.open(copy, { ...optionsOver(new ModelDatabase(database.disk)), retainEntries: 10 });
    const [found] = data.recovered;
    replica.revived(found!);
    await expectFound(found!, replica);
  });

  it('are not discarded where the database is empty, as that of a wrong URL is', async () => {
    const database = new ModelDatabase();
    const path = folders.create();
    const firstSegment = (): string => readdirSync(join(path, 'wal')).sort()[0]!;
    const replica = TestReplica.create(await folders.open(path, optionsOver(database)), 0);
    const before = firstSegment();
    await overwrite(replica, 700_000);
    await expect.poll(firstSegment).not.toBe(before);
    await folders.newest.close(true);
    for (let start = 1; start <= 2; start++) {
      const opening = folders.open(path, optionsOver(new ModelDatabase()));
      await expect(opening).rejects.toMatchObject({
        code: 'DATA_UNAVAILABLE',
        message: expect.stringContaining('Correct --postgres'),
      });
    }
    const data = await folders.open(path, optionsOver(new ModelDatabase(database.disk)));
    await expectFound(data.recovered[0]!, replica);
  });

  it('are made anew from the log in an empty database, if the log still has everything', async () => {
    const path = folders.create();
    const replica = TestReplica.create(await folders.open(path, optionsOver(new ModelDatabase())), 0);
    await overwrite(replica, 20_000);
    await folders.newest.close(true);
    const data = await folders.open(path, optionsOver(new ModelDatabase()));
    await expectFound(data.recovered[0]!, replica);
  });

  it('show their keys in order', async () => {
    const database = new ModelDatabase();
    const replica = TestReplica.create(await folders.open(folders.create(), optionsOver(database)), 0);
    for (const key of ['c', 'a', 'd', 'b']) replica.append([writing(key, key)]);
    await replica.durable;
    replica.apply(2);
    await expect.poll(() => database.disk.state.get(0)?.rows.size).toBe(2);
    replica.apply();
    const page = await replica.storage.range?.({ from: 'b', most: 2, maxBytes: 1_000 });
    expect(page?.items.map(({ key }) => key)).toEqual(['b', 'c']);
  });
});
