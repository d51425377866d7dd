import { describe, expect, it } from 'vitest';
import { describeDatabaseStorage } from './database-storage.conformance.js';
import { ModelDatabase, ModelDisk } from './model-database.fixture.js';
import { describeStateDatabase, positionAt, rowOf } from './state-database.conformance.js';

async function createModel(answersByPromise: boolean) {
  const disk = new ModelDisk();
  const open = async () => Object.assign(new ModelDatabase(disk), { answersByPromise });
  return { open, dispose: async () => {} };
}

for (const answersByPromise of [false, true]) {
  const name = `the model that answers ${answersByPromise ? 'by promise' : 'at once'}`;
  describeStateDatabase(name, () => createModel(answersByPromise));
  describeDatabaseStorage(name, () => createModel(answersByPromise));
}

describe('the model of a database', () => {
  async function withCommits(): Promise<ModelDatabase> {
    const model = new ModelDatabase();
    await model.begin(0, positionAt(0));
    await model.flush();
    for (let version = 1; version <= 3; version++)
      await model.commit([{ shard: 0, rows: [rowOf('a', `${version}`, version)], position: positionAt(version) }]);
    return model;
  }

  it('loses with the power what was not flushed, from some commit on', async () => {
    const model = await withCommits();
    expect(model.disk.unflushed).toBe(3);
    model.disk.losePower(2);
    expect(new ModelDatabase(model.disk).found[0]?.position.seq).toBe(2);
    model.disk.losePower();
    expect(new ModelDatabase(model.disk).found[0]?.position.seq).toBe(2);
  });

  it('holds writes, refuses them, and executes some whose answers are lost', async () => {
    const model = await withCommits();
    const put = (version: number) => model.commit([{ shard: 0, rows: [rowOf('a', `${version}`, version)] }]);
    model.holdsWrites = true;
    const held = put(4);
    expect(model.head(0, 'a')).toMatchObject({ version: 3 });
    model.releaseAll();
    await held;
    expect(model.head(0, 'a')).toMatchObject({ version: 4 });
    model.lostAnswers = 1;
    await expect(put(5)).rejects.toThrow('the answer is lost');
    expect(model.head(0, 'a')).toMatchObject({ version: 5 });
    model.isReadOnly = true;
    await expect(put(6)).rejects.toThrow('read-only');
    model.isAway = true;
    expect(() => model.head(0, 'a')).toThrow('away');
  });
});
