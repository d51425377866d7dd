import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CommitPace } from './commit-pace.js';
import { ModelDatabase } from './model-database.fixture.js';
import { DatabaseNode } from './stored-replica.fixture.js';

describe('the pace of commits', () => {
  it('lets the first one begin at once, and the next one when somebody waits for it', async () => {
    const pace = new CommitPace(2 ** 30);
    await pace.wait();
    let hasBegun = false;
    const next = pace.wait().then(() => {
      hasBegun = true;
    });
    await turn();
    expect(hasBegun).toBe(false);
    pace.hurry();
    await next;
    pace.hurry();
    await pace.wait();
  });

  async function pacedNode() {
    const pace = { commitPauseMs: 2 ** 30, commitBytes: 2_000 };
    const node = new DatabaseNode(Object.assign(new ModelDatabase(), pace));
    const replica = node.create(0);
    await node.writer.settle();
    return { node, replica, commits: node.database.commits, before: node.database.commits.length };
  }

  it('gathers several turns into a commit, which begins early for those who wait for it', async () => {
    const { node, replica, commits, before } = await pacedNode();
    for (const value of ['one', 'two', 'three']) {
      replica.put('a', value);
      for (let count = 0; count < 5; count++) await turn();
    }
    expect(commits.length).toBe(before);
    await node.writer.settle();
    expect(commits.slice(before).map(([change]) => change!.rows.length)).toEqual([1]);
  });

  it('does not keep back more than one commit has', async () => {
    const { replica, commits, before } = await pacedNode();
    for (let number = 0; number < 20; number++) replica.put(`key ${number}`, 'x');
    while (commits.length === before) await turn();
    expect(commits.at(-1)![0]!.rows.length).toBe(20);
  });
});
