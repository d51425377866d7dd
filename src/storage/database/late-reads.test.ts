import { describe, expect, it } from 'vitest';
import { newNode, whileItWorks } from './writer-node.fixture.js';

describe('reads that the database answers later', () => {
  it('pass as due only what is due when it is passed', async () => {
    const node = newNode();
    const replica = node.create(0);
    for (const key of ['deleted', 'changed', 'committed', 'due']) replica.put(key, 'x', 10);
    await node.writer.settle();
    node.database.answersByPromise = true;
    node.database.holdsReads = true;
    const found = new Promise((resolve) => replica.engine.due(100, 10, resolve));
    replica.delete('deleted');
    replica.put('committed', 'x', 900);
    await node.writer.settle();
    replica.put('changed', 'x', 800);
    node.database.releaseReads();
    expect(await found).toEqual([{ key: 'due', expiresAtMs: 10 }]);
    expect(replica.engine.earliestExpiryMs).toBe(10);
  });

  it('find nothing of a copy that was discarded meanwhile', async () => {
    const node = newNode();
    const replica = node.create(0);
    replica.put('a', 'x', 10);
    await node.writer.settle();
    node.database.answersByPromise = true;
    node.database.holdsReads = true;
    const due = new Promise((resolve) => replica.engine.due(100, 10, resolve));
    const page = replica.engine.range({ from: '', most: 10, maxBytes: 1_000 });
    replica.reset(true);
    replica.put('b', 'y');
    node.database.releaseReads();
    expect(await due).toEqual([]);
    expect(await page).toMatchObject({ items: [{ key: 'b' }], isExhausted: true });
  });

  it('do not show a row that a newer one, applied and not committed, has replaced', async () => {
    const node = newNode();
    const replica = node.create(0);
    for (const key of ['a', 'b', 'c']) replica.put(key, 'old');
    await node.writer.settle();
    node.database.answersByPromise = true;
    node.database.holdsReads = true;
    replica.put('a', 'new');
    replica.delete('b');
    const page = replica.engine.range({ from: '', most: 10, maxBytes: 1_000 });
    const scanned: string[] = [];
    const scan = (async () => {
      for await (const _ of replica.engine.scan(1_000, ({ memory, keyEnd }) => scanned.push(memory.toString('utf8', 0, keyEnd))));
    })();
    await whileItWorks();
    node.database.releaseReads();
    expect((await page).items).toMatchObject([
      { key: 'a', version: 4 },
      { key: 'c', version: 3 },
    ]);
    await scan;
    expect(scanned).toEqual(['a', 'c']);
  });
});
