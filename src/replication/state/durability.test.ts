import { describe, expect, it } from 'vitest';
import { Durability } from './durability.js';

describe('durability', () => {
  it('a write promises what it brings once it is done, and what those before it brought', () => {
    const durability = new Durability();
    const first = durability.begin(0, { lastSeq: 3 });
    const second = durability.begin(0, {});
    expect([durability.lastSeq, durability.doneNumber, durability.lastNumber]).toEqual([0, 0, second]);
    durability.complete(second);
    expect([durability.lastSeq, durability.doneNumber]).toEqual([3, second]);
    expect(first).toBeLessThan(second);
  });

  it('what an earlier process left behind is durable before this one writes anything', () => {
    const durability = new Durability();
    durability.foundDurable(7);
    expect(durability.lastSeq).toBe(7);
    durability.complete(durability.begin(0, {}));
    expect(durability.lastSeq).toBe(7);
  });

  it('an entry is not durable by the write of one that it replaced', () => {
    const durability = new Durability();
    const old = durability.begin(0, { lastSeq: 5 });
    durability.cutTo(3);
    const cut = durability.begin(0, { lastSeq: 3 });
    const fresh = durability.begin(0, { lastSeq: 5 });
    durability.complete(old);
    expect(durability.lastSeq).toBe(3);
    durability.complete(cut);
    expect(durability.lastSeq).toBe(3);
    durability.complete(fresh);
    expect(durability.lastSeq).toBe(5);
  });

  it('a cut takes back what was durable already', () => {
    const durability = new Durability();
    durability.complete(durability.begin(0, { lastSeq: 5 }));
    durability.cutTo(2);
    expect(durability.lastSeq).toBe(2);
    durability.complete(durability.begin(0, {}));
    expect(durability.lastSeq).toBe(2);
  });

  it('knows since when the oldest unfinished write has been under way', () => {
    const durability = new Durability();
    expect(durability.oldestStartedMs).toBeUndefined();
    const first = durability.begin(10, {});
    durability.begin(20, {});
    expect(durability.oldestStartedMs).toBe(10);
    durability.complete(first);
    expect(durability.oldestStartedMs).toBe(20);
  });
});
