import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest';
import type { StoredAmount } from './data-cost.js';
import { divideMemory, minMaxMemoryBytes } from './memory-budget.js';
import { diskFullBytes, NodeAccount, UseReport, usedBytesOf } from './node-account.js';

const mebibyte = 2 ** 20;

describe('the account of a node', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  const shardOf = (dataBytes: number, uncommittedBytes = 0) => ({
    storage: { dataBytes, keyCount: 1, expiringCount: 0 },
    uncommittedBytes,
    requestBytes: 0,
  });
  const accountOf = (shardCount: number) => new NodeAccount('a', divideMemory(minMaxMemoryBytes, shardCount), shardCount);

  it('adds up its shards, and the shards except one', () => {
    const account = accountOf(3);
    const [one, other] = [shardOf(1_000, 300), shardOf(5_000)];
    account.add(one);
    expect(account.usedBytesBeside(one)).toBe(0);
    account.add(other);
    vi.advanceTimersByTime(10);
    expect(account.usedBytes).toBe(usedBytesOf(one) + usedBytesOf(other));
    expect(account.uncommittedBytes).toBe(300);
    expect(account.usedBytesBeside(one)).toBe(usedBytesOf(other));
    account.remove(other);
    vi.advanceTimersByTime(10);
    expect(account.usedBytes).toBe(usedBytesOf(one));
  });

  it('has room for requests until those of all its shards take as much memory as the retained log may', () => {
    const account = accountOf(2);
    const half = account.budget.retainBytes / 2;
    const requestBytes = [half, half - 1];
    for (const bytes of requestBytes) account.add({ ...shardOf(0), requestBytes: bytes });
    expect(account.hasRoomForRequests).toBe(true);
    account.add({ ...shardOf(0), requestBytes: 1 });
    vi.advanceTimersByTime(10);
    expect(account.hasRoomForRequests).toBe(false);
  });

  it('counts again only after a change, and not more often than every ten milliseconds', () => {
    const account = accountOf(1);
    let counts = 0;
    const storage: StoredAmount = {
      keyCount: 1,
      expiringCount: 0,
      get dataBytes() {
        counts++;
        return 1;
      },
    };
    account.add({ storage, uncommittedBytes: 0, requestBytes: 0 });
    for (let ms = 0; ms < 100; ms++) {
      void account.usedBytes;
      vi.advanceTimersByTime(1);
    }
    expect(counts).toBe(1);
    account.changed();
    void account.usedBytes;
    account.changed();
    for (let ms = 0; ms < 9; ms++) {
      void account.usedBytes;
      vi.advanceTimersByTime(1);
    }
    expect(counts).toBe(2);
    vi.advanceTimersByTime(1);
    void account.usedBytes;
    expect(counts).toBe(3);
  });

  it('expects a node to hold shards of average size, as many as are placed on it, and knows which nodes hold other shards', () => {
    const account = accountOf(4);
    account.add(shardOf(1_000));
    account.learnPlacement({ version: 1, shards: [['a', 'b'], ['b', 'c'], ['a', 'd'], ['b']] } as never);
    const shardBytes = usedBytesOf(shardOf(1_000));
    expect(['a', 'b', 'c', 'd', 'e'].map((node) => account.dueBytesOf(node) / shardBytes)).toEqual([2, 3, 1, 1, 0]);
    expect(['a', 'b', 'c', 'd'].map((node) => account.holdsOtherShards(node))).toEqual([false, true, true, false]);
  });
});

describe('the report of the use', () => {
  function reportOf(amounts: { bytes: number }): { report: UseReport; looks: () => number } {
    let looks = 0;
    const account = {
      hasDiskRoom: true,
      get usedBytes() {
        looks++;
        return amounts.bytes;
      },
    };
    return { report: new UseReport(account), looks: () => looks };
  }

  test('the first report is due at once, even if no data is used', () => {
    expect(reportOf({ bytes: 0 }).report.take(0)).toBe(0);
  });

  test('a large change is reported at the next look, up or down; everything else after half a second', () => {
    const data = { bytes: 10 * mebibyte };
    const { report } = reportOf(data);
    expect(report.take(1_000)).toBe(10 * mebibyte);
    data.bytes += mebibyte;
    expect(report.take(1_050)).toBe(11 * mebibyte);
    data.bytes -= 2 * mebibyte;
    expect(report.take(1_100)).toBe(9 * mebibyte);
    data.bytes += 1;
    expect(report.take(1_200)).toBeUndefined();
    expect(report.take(1_599)).toBeUndefined();
    expect(report.take(1_650)).toBe(9 * mebibyte + 1);
    expect(report.take(2_100)).toBeUndefined();
    expect(report.take(2_150)).toBe(9 * mebibyte + 1);
  });

  test('a node without room on its disk reports that it is full, at its next look', () => {
    const account = { usedBytes: 5, hasDiskRoom: true };
    const report = new UseReport(account);
    expect(report.take(0)).toBe(5);
    account.hasDiskRoom = false;
    expect(report.take(50)).toBe(diskFullBytes);
    account.hasDiskRoom = true;
    expect(report.take(100)).toBe(5);
  });

  test('a look counts the use no more often than every 50 ms', () => {
    const { report, looks } = reportOf({ bytes: 1 });
    for (let ms = 0; ms < 100; ms++) report.take(ms);
    expect(looks()).toBe(2);
  });
});
