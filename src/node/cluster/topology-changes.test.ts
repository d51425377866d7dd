import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TopologyChanges } from './topology-changes.js';

const shardCount = 2;

let published: string[];
let changes: TopologyChanges;

beforeEach(() => {
  vi.useFakeTimers();
  published = [];
  changes = new TopologyChanges(shardCount);
  changes.start(({ shards, cluster }) => {
    published.push([...shards, ...(cluster ? ['cluster'] : [])].join(' '));
    return [...shards].filter((shard) => shard < 100).length;
  });
});

afterEach(() => {
  changes.close();
  vi.useRealTimers();
});

describe('changes of the topology', () => {
  test('a first change is published when its turn is over, with all that changed in it, each once', () => {
    changes.shardChanged(3);
    changes.onNodes();
    changes.shardChanged(5);
    changes.shardChanged(3);
    expect(published).toEqual([]);
    vi.advanceTimersByTime(0);
    expect(published).toEqual(['3 5 cluster']);
  });

  test('another placement may change every shard', () => {
    changes.onPlacement(undefined);
    vi.advanceTimersByTime(0);
    expect(published).toEqual(['0 1 cluster']);
  });

  test('changes that follow closely are published together, and later the more was published', () => {
    for (let shard = 0; shard < 100; shard++) changes.shardChanged(shard);
    vi.advanceTimersByTime(0);
    changes.shardChanged(7);
    vi.advanceTimersByTime(20);
    changes.shardChanged(8);
    expect(published).toHaveLength(1);
    vi.advanceTimersByTime(40);
    expect(published.slice(1)).toEqual(['7 8']);
  });

  test('shards that turned out not to be different keep the next change waiting for less long', () => {
    for (let shard = 100; shard < 200; shard++) changes.shardChanged(shard);
    vi.advanceTimersByTime(0);
    changes.shardChanged(7);
    vi.advanceTimersByTime(10);
    expect(published.slice(1)).toEqual(['7']);
  });

  test('nothing has changed - nothing is published, and the next change at once', () => {
    changes.shardChanged(1);
    vi.advanceTimersByTime(1_000);
    changes.shardChanged(2);
    vi.advanceTimersByTime(0);
    expect(published).toEqual(['1', '2']);
  });

  test('closed - pending changes are not published', () => {
    changes.shardChanged(1);
    changes.close();
    vi.advanceTimersByTime(1_000);
    expect(published).toEqual([]);
  });
});
