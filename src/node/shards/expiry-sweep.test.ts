import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DueEvent, DueKey, LogEntry } from '../../replication/index.js';
import { MemoryStorage } from '../../storage/index.js';
import { ExpirySweep } from './expiry-sweep.js';
import { SweepTurns } from './sweep-turns.js';

const tickMs = 50;

/** A primary whose shard has the time of the process, and which commits when the test says. */
class Primary {
  readonly storage = new MemoryStorage();
  readonly events: DueEvent[] = [];
  readonly locked = new Set<string>();
  isPrimary = true;
  refuses = false;
  readonly sweep: ExpirySweep;
  #seq = 0;

  constructor(turns = new SweepTurns()) {
    const stripes = { isLocked: (key: string) => this.locked.has(key) };
    this.sweep = new ExpirySweep(this, stripes, turns, tickMs);
  }

  timeMs(nowMs: number): number {
    return nowMs;
  }
  write(event: DueEvent): void {
    if (this.refuses) return this.sweep.answer({ kind: 'refused', refusal: 'HANDOVER_IN_PROGRESS' });
    this.events.push(event);
  }
  put(key: string, expiresAtMs?: number): void {
    this.#apply([{ key, value: new Uint8Array(1), expiresAtMs }]);
  }
  /** Commits the entry of the oldest batch. */
  commit(): readonly string[] {
    const { keys } = this.events.shift()!;
    this.#apply(keys.map(({ key }) => ({ key, value: undefined })));
    this.sweep.answer({ kind: 'written', version: this.#seq });
    return keys.map(({ key }) => key);
  }
  tick(): void {
    this.sweep.tick(performance.now());
  }
  #apply(writes: LogEntry['writes']): void {
    this.storage.apply([{ seq: ++this.#seq, epoch: 1, writes }]);
  }
}

/** A primary whose storage finds keys when the test says. */
class WaitingPrimary extends Primary {
  readonly lookUps: ((keys: readonly DueKey[]) => void)[] = [];
  override readonly storage = Object.assign(new MemoryStorage(), {
    due: (_timeMs: number, _most: number, take: (keys: readonly DueKey[]) => void) => void this.lookUps.push(take),
  });

  constructor() {
    super();
    this.put('k', 0);
    this.tick();
    vi.runAllTimers();
  }
}

describe('the sweep of due keys (R17)', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout', 'setImmediate'] }));
  afterEach(() => void vi.useRealTimers());

  it('sets no timer while no key expires, or none before the next tick', () => {
    const primary = new Primary();
    primary.put('k');
    primary.put('later', 1_000);
    vi.runAllTimers();
    primary.tick();
    expect(vi.getTimerCount()).toBe(0);
    expect(primary.events).toEqual([]);
  });

  it('reports a key when it is due, not before, and once', () => {
    const primary = new Primary();
    primary.put('k', 40);
    primary.tick();
    vi.advanceTimersByTime(39);
    expect(primary.events).toEqual([]);
    vi.advanceTimersByTime(2);
    primary.tick();
    vi.advanceTimersByTime(1_000);
    primary.tick();
    expect(primary.events.map(({ keys }) => keys)).toEqual([[{ key: 'k', expiresAtMs: 40 }]]);
    expect(primary.commit()).toEqual(['k']);
    vi.advanceTimersByTime(1_000);
    primary.tick();
    expect([primary.events.length, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('goes on with what is due after a batch, which is bounded', () => {
    const primary = new Primary();
    for (let number = 0; number < 1_200; number++) primary.put(`k${number}`, 1);
    vi.advanceTimersByTime(tickMs);
    primary.tick();
    const sizes = [1, 2, 3].map(() => {
      vi.advanceTimersByTime(10);
      return primary.commit().length;
    });
    expect(sizes).toEqual([512, 512, 176]);
    expect(primary.storage.keyCount).toBe(0);
  });

  it('gives each shard of a node its turn', () => {
    const turns = new SweepTurns();
    const shards = [new Primary(turns), new Primary(turns)];
    for (const primary of shards) primary.put('k', 0);
    for (const primary of shards) primary.tick();
    const begun = () => shards.map(({ events }) => events.length);
    vi.advanceTimersToNextTimer();
    expect(begun()).toEqual([1, 0]);
    vi.runAllTimers();
    expect(begun()).toEqual([1, 1]);
  });

  it('leaves a key alone that an operation has locked, and one of a shard that is led elsewhere', () => {
    const primary = new Primary();
    primary.put('k', 0);
    primary.put('l', 0);
    primary.locked.add('k');
    primary.tick();
    vi.advanceTimersByTime(0);
    expect(primary.commit()).toEqual(['l']);
    primary.isPrimary = false;
    primary.locked.clear();
    vi.runAllTimers();
    primary.tick();
    expect([primary.events.length, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('has one look-up of the storage under way at most', () => {
    const primary = new WaitingPrimary();
    for (let number = 0; number < 3; number++) {
      primary.tick();
      vi.advanceTimersByTime(tickMs);
    }
    expect(primary.lookUps.length).toBe(1);
    primary.lookUps[0]!([]);
    primary.tick();
    vi.runAllTimers();
    expect(primary.lookUps.length).toBe(2);
    primary.lookUps[1]!([{ key: 'k', expiresAtMs: 0 }]);
    expect(primary.commit()).toEqual(['k']);
  });

  it('judges what the storage has found when it has found it: locks, and whether this is still the primary', () => {
    const primary = new WaitingPrimary();
    primary.locked.add('k');
    primary.lookUps[0]!([
      { key: 'k', expiresAtMs: 0 },
      { key: 'l', expiresAtMs: 0 },
    ]);
    expect(primary.commit()).toEqual(['l']);
    vi.runAllTimers();
    primary.isPrimary = false;
    primary.lookUps[1]!([{ key: 'm', expiresAtMs: 0 }]);
    primary.isPrimary = true;
    const closed = new WaitingPrimary();
    closed.sweep.close();
    closed.lookUps[0]!([{ key: 'k', expiresAtMs: 0 }]);
    expect([primary.events, closed.events]).toEqual([[], []]);
  });

  it('tries again with the next tick after a refusal', () => {
    const primary = new Primary();
    primary.put('k', 0);
    primary.refuses = true;
    primary.tick();
    vi.runAllTimers();
    primary.refuses = false;
    primary.tick();
    vi.runAllTimers();
    expect(primary.commit()).toEqual(['k']);
  });
});
