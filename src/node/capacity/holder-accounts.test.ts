import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { DataLimits } from './data-limits.js';

const candidate = (name: string, dataLimitBytes: number | undefined) => ({
  ...{ replicaId: `${name}~1`, nodeId: name, address: `${name}:1`, stopping: false, order: 1, dataLimitBytes },
});

describe('the limits of the nodes', () => {
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });

  it('tells who has too little, once, and when that changes', () => {
    const limits = new DataLimits(logger);
    const candidates = [candidate('a', 1_000), candidate('b', 100), candidate('old', undefined)];
    limits.learn(candidates, []);
    expect(limits.judge(candidates, () => 100)).toBe(false);
    expect(limits.judge(candidates, () => 101)).toBe(true);
    expect([limits.isFull('a~1'), limits.isFull('b~1'), limits.isFull('old~1')]).toEqual([false, true, false]);
    expect(limits.judge(candidates, () => 200)).toBe(false);
    expect(lines.filter((line) => line.includes('--max-memory'))).toHaveLength(1);
    expect(limits.judge(candidates, () => 50)).toBe(true);
    expect(limits.isFull('b~1')).toBe(false);
  });

  it('forgets who has too little where others judge', () => {
    const limits = new DataLimits(logger);
    const candidates = [candidate('a', 1_000), candidate('b', 100)];
    limits.learn(candidates, []);
    expect(limits.judge(candidates, () => 200)).toBe(true);
    expect([limits.forget(), limits.isFull('b~1'), limits.forget()]).toEqual([true, false, false]);
    expect(limits.judge(candidates, () => 200)).toBe(true);
  });

  it('remembers those whose znode is gone for as long as they hold a copy', () => {
    const limits = new DataLimits(logger);
    limits.learn([candidate('a', 1_000), candidate('b', 100)], []);
    limits.learn([candidate('a', 1_000)], ['b~1']);
    expect(limits.holderOf('b~1')).toMatchObject({ nodeId: 'b', limitBytes: 100 });
    limits.learn([candidate('a', 1_000)], []);
    expect(limits.holderOf('b~1').limitBytes).toBe(Number.MAX_SAFE_INTEGER);
  });
});
