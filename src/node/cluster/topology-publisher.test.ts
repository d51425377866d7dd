import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TopologyPublisher } from './topology-publisher.js';

let told: string[];
let news: TopologyPublisher;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  news = new TopologyPublisher(({ shards, cluster }) => {
    told.push([...shards, ...(cluster ? ['cluster'] : [])].join(' '));
    return [...shards].filter((shard) => shard < 100).length;
  });
});

afterEach(() => {
  news.close();
  vi.useRealTimers();
});

describe('news of the topology', () => {
  test('a first change is told when its turn is over, with all that changed in it, each once', () => {
    news.shardChanged(3);
    news.clusterChanged();
    news.shardChanged(5);
    news.shardChanged(3);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(0);
    expect(told).toEqual(['3 5 cluster']);
  });

  test('those that follow closely are told together, and later the more was told', () => {
    for (let shard = 0; shard < 100; shard++) news.shardChanged(shard);
    vi.advanceTimersByTime(0);
    news.shardChanged(7);
    vi.advanceTimersByTime(20);
    news.shardChanged(8);
    expect(told).toHaveLength(1);
    vi.advanceTimersByTime(40);
    expect(told.slice(1)).toEqual(['7 8']);
  });

  test('what turned out to be nothing new keeps the next news waiting for less long', () => {
    for (let shard = 100; shard < 200; shard++) news.shardChanged(shard);
    vi.advanceTimersByTime(0);
    news.shardChanged(7);
    vi.advanceTimersByTime(10);
    expect(told.slice(1)).toEqual(['7']);
  });

  test('nothing has changed - nothing is told, and the next change at once', () => {
    news.shardChanged(1);
    vi.advanceTimersByTime(1_000);
    news.shardChanged(2);
    vi.advanceTimersByTime(0);
    expect(told).toEqual(['1', '2']);
  });

  test('closed - what was to be told is not', () => {
    news.shardChanged(1);
    news.close();
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([]);
  });
});
