import { pino } from 'pino';
import { afterEach, describe, it } from 'vitest';
import { ModelDatabase } from '../../storage/database/model-database.fixture.js';
import { DatabaseStates } from './database-states.js';
import { expectFound, smallLog, TestFolders } from './disk-data.fixture.js';
import { TestReplica, writing } from './test-replica.fixture.js';

const folders = new TestFolders();
afterEach(() => folders.removeAll());

const mebibyte = 1024 * 1024;

/** Options of data whose replicas are in this database. */
function over(database: ModelDatabase, maxOverlayBytes = 64 * mebibyte) {
  const states = { database, isLocal: false, maxOverlayBytes, logger: pino({ level: 'silent' }) };
  return { ...smallLog, openStates: async () => new DatabaseStates(states), retainEntries: 10 };
}

describe('replicas whose data is in a database', { timeout: 60_000 }, () => {
  it('apply from several segments of the log what the database lacks', async () => {
    const database = new ModelDatabase();
    const path = folders.create();
    const replica = TestReplica.create(await folders.open(path, over(database)), 0);
    database.isAway = true;
    for (let number = 0; number < 200; number++) replica.append([writing(`key ${number}`, `${number}`.padEnd(1_500, '.'))]);
    await replica.durable;
    replica.apply();
    // The log names the applied position with its next record.
    replica.append([writing('last', '')]);
    await replica.durable;
    const copy = folders.copyOf(path);
    database.disk.losePower();
    const data = await folders.open(copy, over(new ModelDatabase(database.disk)));
    const [found] = data.recovered;
    // Only a replica knows the position of what is applied, so nothing is committed before.
    replica.revived(found!);
    await expectFound(found!, replica);
  });
});
