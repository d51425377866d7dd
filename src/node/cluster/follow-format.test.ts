import { expect, test } from 'vitest';
import { config } from '../../coordination/coordinator.fixture.js';
import { ClusterEvents } from './cluster-events.js';
import { followFormat } from './follow-format.js';

const both = { oldest: 5, newest: 6 };
const older = { ...config, formatVersion: 5 };

test('a newer format in config, or in a message of another node, is used at once and recorded in the data directory', async () => {
  for (const source of ['config', 'message'] as const) {
    const events = new ClusterEvents();
    const recorded: number[] = [];
    const format = followFormat(both, older, events, { raiseFormat: async (version) => void recorded.push(version) });
    for (const version of [5, 6, 6]) source === 'config' ? events.onFormat(version) : format.learn(version);
    expect([format.inUse, recorded]).toEqual([6, [6]]);
  }
});

test('a data directory that cannot record the format ends the node', async () => {
  const events = new ClusterEvents();
  const failure = new Error('the disk is full');
  followFormat(both, older, events, { raiseFormat: () => Promise.reject(failure) });
  const ended = new Promise((resolve) => events.subscribe({ onFatal: resolve }));
  events.onFormat(6);
  expect(await ended).toBe(failure);
});
