import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CommitPace } from './commit-pace.js';

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
});
