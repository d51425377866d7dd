import { expect, test } from 'vitest';
import { renderLocation } from './location-report.js';

const holder = (nodeId: string, role: string, placed: boolean) => ({ nodeId, address: `${nodeId}:1`, role, placed });

test('kvctl locate - shows the slot, the shard with its slots, and the holders in order', () => {
  const holders = [holder('b', 'primary', true), holder('a', 'backup', false)];
  const text = renderLocation({ shard: 10, hash: 0x6a1a, slot: 10_778, epoch: 3, holders }, 16);
  expect(text).toContain('slot 10778, shard 10 (slots 10240-11263), epoch 3');
  expect(text).toMatch(/│ b +│ b:1 +│ primary +│\n│ a +│ a:1 +│ backup, leaves │/);
});

test('kvctl locate - no holder is shown as leaving while nothing is placed', () => {
  const text = renderLocation({ shard: 0, hash: 1, slot: 1, epoch: 1, holders: [holder('a', 'primary', false)] });
  expect(text).toContain('slot 1, shard 0, epoch 1');
  expect(text).not.toContain('leaves');
});
