import { describe, expect, test } from 'vitest';
import { stayingNodes } from './staying-nodes.js';

const nodes = ['a', 'b', 'c', 'd', 'e'].map((nodeId) => ({ nodeId }));
const everyId = new Set(['a', 'b', 'c', 'd', 'e']);

function staying(draining: string, { placed = everyId, replicas = 3 } = {}): string {
  return stayingNodes(nodes, new Set(draining), placed, replicas)
    .map(({ nodeId }) => nodeId)
    .join('');
}

describe('the nodes that hold shards', () => {
  test('no node drains - all of them', () => {
    expect(staying('')).toBe('abcde');
    expect(staying('x')).toBe('abcde');
  });
  test('enough other nodes - a draining node gets nothing', () => {
    expect(staying('b')).toBe('acde');
    expect(staying('bd')).toBe('ace');
  });
  test('too few other nodes - as many draining nodes as are missing keep their share', () => {
    expect(staying('bcd')).toBe('abe');
    expect(staying('abcde')).toBe('abc');
    expect(staying('abcde', { replicas: 1 })).toBe('a');
  });
  test('too few other nodes - those that hold shards come first', () => {
    expect(staying('bcd', { placed: new Set(['a', 'd', 'e']) })).toBe('ade');
    expect(staying('abcde', { placed: new Set(['e', 'c']) })).toBe('ace');
  });
});
