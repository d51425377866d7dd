/** A start with a database that lacks much of the log: an older copy of it was restored, or it was away for long. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ModelDatabase } from '../../storage/database/model-database.fixture.js';
import { realFiles } from '../../storage/wal/log-files.js';
import { notingFiles, threadOn } from '../../storage/wal/wal.fixture.js';
import { optionsOver } from './database-data.fixture.js';
import { expectFound, TestFolders } from './disk-data.fixture.js';
import { TestReplica, writing } from './test-replica.fixture.js';

const mebibyte = 1024 * 1024;
const overlayBytes = mebibyte;
const logBytes = 64 * mebibyte;
/** What one turn of the replay adds before it waits, with the overhead of rows. */
const turnBytes = 2 * mebibyte;

/** In as many turns the whole log would be read, if the replay did not wait. */
const turnsOfCommit = 20;

const folders = new TestFolders();
afterEach(() => folders.removeAll());

/** Much slower than the replay. It notes the most bytes that have waited for it, and can fail for good after a number of commits. */
class CountingDatabase extends ModelDatabase {
  mostBytes = 0;
  commitsLeft = Number.POSITIVE_INFINITY;
  bytesNow: () => number = () => 0;

  override async commit(...args: Parameters<ModelDatabase['commit']>): ReturnType<ModelDatabase['commit']> {
    for (let turns = 0; turns < turnsOfCommit; turns++) {
      await turn();
      this.mostBytes = Math.max(this.mostBytes, this.bytesNow());
    }
    if (this.commitsLeft-- > 0) return super.commit(...args);
    this.lose(new Error('the power is lost'));
    return new Promise(() => {});
  }
}

function optionsWith(database: CountingDatabase, startThread = () => threadOn(realFiles)) {
  const { openStates, ...options } = optionsOver(database, overlayBytes);
  const log = { ...options.log, maxBytes: logBytes, startThread };
  const open = async () => {
    const states = await openStates();
    database.bytesNow = () => states.database.overlayBytes;
    return states;
  };
  return { ...options, log, openStates: open, retainEntries: 10 };
}

/** A log of 8 MiB, of which the database has nothing but the beginning of the copy. */
async function writtenFolder() {
  const path = folders.create();
  const database = new ModelDatabase();
  const { log, ...options } = optionsOver(database);
  const data = await folders.open(path, { ...options, log: { ...log, maxBytes: logBytes } });
  const replica = TestReplica.create(data, 0);
  await expect.poll(() => database.disk.state.get(0)?.position?.complete).toBe(true);
  database.isAway = true;
  for (let number = 0; number < 100; number++) {
    replica.append(...Array.from({ length: 20 }, (_, key) => [writing(`key ${(number * 20 + key) % 700}`, '.'.repeat(4_096))]));
    await replica.durable;
    replica.apply();
  }
  // The log names the applied position with its next record.
  replica.append([writing('last', '')]);
  await replica.durable;
  return { replica, copy: folders.copyOf(path), disk: database.disk };
}

describe('a replay into a database', { timeout: 120_000 }, () => {
  it('has no more in memory than may wait for the database, however much the database lacks', async () => {
    const { replica, copy, disk } = await writtenFolder();
    const database = new CountingDatabase(disk);
    const data = await folders.open(copy, optionsWith(database));
    expect(database.mostBytes).toBeGreaterThan(0);
    expect(database.mostBytes).toBeLessThan(overlayBytes + turnBytes);
    const [found] = data.recovered;
    replica.revived(found!);
    await expectFound(found!, replica);
  });

  it('leaves rows and their position at any crash, from which the next start goes on', async () => {
    const { replica, copy, disk } = await writtenFolder();
    let seq = 0;
    for (const commits of [1, 2, 1]) {
      const database = new CountingDatabase(disk);
      database.commitsLeft = commits;
      await expect(folders.open(copy, optionsWith(database))).rejects.toThrow('the power is lost');
      disk.losePower(disk.unflushed);
      const { position, rows } = disk.state.get(0)!;
      expect(position!.seq).toBeGreaterThan(seq);
      ({ seq } = position!);
      const expected = replica.itemsAt(seq);
      expect(new Map([...rows].map(([key, { version }]) => [key, version]))).toEqual(
        new Map([...expected].map(([key, { version }]) => [key, version])),
      );
    }
    const data = await folders.open(copy, optionsWith(new CountingDatabase(disk)));
    const [found] = data.recovered;
    replica.revived(found!);
    await expectFound(found!, replica);
  });

  it('flushes the log before anything of it is committed', async () => {
    const { copy, disk } = await writtenFolder();
    const operations: ('write' | 'flush')[] = [];
    const database = new CountingDatabase(disk);
    let flushesBefore: number | undefined;
    const options = optionsWith(database, () => threadOn(notingFiles(operations)));
    const commit = database.commit.bind(database);
    database.commit = (changes) => {
      flushesBefore ??= operations.filter((operation) => operation === 'flush').length;
      return commit(changes);
    };
    await folders.open(copy, options);
    expect(flushesBefore).toBeGreaterThan(0);
    expect(operations.indexOf('flush')).toBe(0);
  });
});
