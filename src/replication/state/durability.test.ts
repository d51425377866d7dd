import { describe, expect, it } from 'vitest';
import { Durability } from './durability.js';

describe('durability', () => {
  it('a finished write makes its own entries and those of earlier writes durable', () => {
    const durability = new Durability();
    const first = durability.begin(0, { lastSeq: 3 });
    const second = durability.begin(0, {});
    expect([durability.lastSeq, durability.doneNumber, durability.lastNumber]).toEqual([0, 0, second]);
    durability.complete(second);
    expect([durability.lastSeq, durability.doneNumber]).toEqual([3, second]);
    expect(first).toBeLessThan(second);
  });

  it('the data of an earlier process is durable before this process writes anything', () => {
    const durability = new Durability();
    durability.foundDurable(7);
    expect(durability.lastSeq).toBe(7);
    durability.complete(durability.begin(0, {}));
    expect(durability.lastSeq).toBe(7);
  });

  it('an entry is not durable because an entry that it replaced is', () => {
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

  it('a cut lowers the durable end of the log', () => {
    const durability = new Durability();
    durability.complete(durability.begin(0, { lastSeq: 5 }));
    durability.cutTo(2);
    expect(durability.lastSeq).toBe(2);
    durability.complete(durability.begin(0, {}));
    expect(durability.lastSeq).toBe(2);
  });

  it('reports since when the oldest unfinished write has been under way', () => {
    const durability = new Durability();
    expect(durability.oldestStartedMs).toBeUndefined();
    const first = durability.begin(10, {});
    durability.begin(20, {});
    expect(durability.oldestStartedMs).toBe(10);
    durability.complete(first);
    expect(durability.oldestStartedMs).toBe(20);
  });

  it('a complete write is flushed at once, unless flushes are reported beside that', () => {
    const atOnce = new Durability();
    atOnce.complete(atOnce.begin(0, { lastSeq: 3 }));
    expect(atOnce.flushedSeq).toBe(3);
    const reported = new Durability(true);
    const first = reported.begin(0, { lastSeq: 3 });
    reported.complete(reported.begin(0, { lastSeq: 5 }));
    expect([reported.lastSeq, reported.flushedSeq]).toEqual([5, 0]);
    reported.flush(first);
    expect(reported.flushedSeq).toBe(3);
  });

  it('a flush counts for what is complete, whichever is reported first', () => {
    const durability = new Durability(true);
    const [first, second] = [durability.begin(0, { lastSeq: 3 }), durability.begin(0, { lastSeq: 5 })];
    durability.complete(first);
    durability.flush(second);
    expect(durability.flushedSeq).toBe(3);
    durability.complete(second);
    expect(durability.flushedSeq).toBe(5);
  });

  it('an entry is not flushed because an entry that it replaced is', () => {
    const durability = new Durability(true);
    const old = durability.begin(0, { lastSeq: 5 });
    durability.complete(old);
    durability.cutTo(3);
    const fresh = [durability.begin(0, { lastSeq: 3 }), durability.begin(0, { lastSeq: 5 })];
    durability.complete(fresh[1]!);
    durability.flush(old);
    expect([durability.lastSeq, durability.flushedSeq]).toEqual([5, 3]);
    durability.flush(fresh[1]!);
    durability.cutTo(4);
    expect(durability.flushedSeq).toBe(4);
  });
});
