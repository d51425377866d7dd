import { expect, test } from 'vitest';
import { renderLocation } from './location-report.js';

const holder = (nodeId: string, role: string, placed: boolean) => ({ nodeId, address: `${nodeId}:1`, role, placed });

test('kvctl locate - shows the shard, the hash with all its digits, and the holders in order', () => {
  const holders = [holder('b', 'primary', true), holder('a', 'backup', false)];
  const text = renderLocation({ shard: 7, hash: 0x00ab_cdef, epoch: 3, holders });
  expect(text).toContain('shard 7 (hash 0x00abcdef), epoch 3');
  expect(text).toMatch(/│ b +│ b:1 +│ primary +│\n│ a +│ a:1 +│ backup, leaves │/);
});

test('kvctl locate - no holder is shown as leaving while nothing is placed', () => {
  expect(renderLocation({ shard: 0, hash: 1, epoch: 1, holders: [holder('a', 'primary', false)] })).not.toContain('leaves');
});
