import { describe, expect, it } from 'vitest';
import { ShardClock } from './shard-clock.js';

/** The clock of a primary since this moment of its process. */
function bornAt(nowMs: number): ShardClock {
  const clock = new ShardClock();
  clock.take(nowMs);
  return clock;
}

describe('the clock of a shard', () => {
  it('begins with the birth of the shard, whatever the process had counted before', () => {
    const clock = new ShardClock();
    expect(clock.at(5_000)).toBe(0);
    clock.take(5_000);
    expect([clock.at(5_000), clock.at(5_070.9)]).toEqual([0, 70]);
  });

  it('rounds against expiry: the time down, a deadline up', () => {
    const clock = bornAt(5_000.5);
    expect(clock.at(5_099.9)).toBe(99);
    expect(clock.after(5_099.1, 1.5)).toBe(102);
  });

  it('goes on from the newest beacon by the clock of the process, and is not ahead of the primary', () => {
    const clock = new ShardClock();
    clock.follow(1_000.7, 80.2);
    expect(clock.at(80.2)).toBe(1_000);
    clock.take(580.2);
    expect(clock.at(580.2)).toBe(1_500);
  });

  it('is corrected by each beacon, also backwards, but not by one that is older than the last', () => {
    const clock = new ShardClock();
    clock.follow(1_000, 0);
    clock.follow(2_000, 1_100);
    expect(clock.at(1_200)).toBe(2_100);
    clock.follow(1_900, 1_200);
    expect(clock.at(1_200)).toBe(2_100);
  });

  it('is moved forward by an entry that proves a later time, never back by one that is late', () => {
    const clock = new ShardClock();
    clock.follow(1_000, 0);
    clock.learn(1_200, 100);
    expect(clock.at(100)).toBe(1_200);
    clock.learn(1_300, 1_000);
    expect(clock.at(1_000)).toBe(2_100);
  });

  it('is not turned back by a takeover', () => {
    const clock = new ShardClock();
    clock.follow(1_000.9, 10.3);
    clock.learn(1_400, 20);
    const before = clock.at(20);
    clock.take(20);
    expect(clock.at(20)).toBe(before);
    expect(20 + clock.offsetMs).toBe(before);
  });

  it('takes the time of another primary, although it knew a later one', () => {
    const clock = bornAt(0);
    clock.take(90_000);
    clock.restart(1_000, 90_000);
    expect(clock.at(90_500)).toBe(1_500);
  });
});
