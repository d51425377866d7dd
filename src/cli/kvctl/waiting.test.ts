import { expect, test, vi } from 'vitest';
import type { KvClient } from '../../client/index.js';
import type { ShardInfo } from '../../wire/contract/kv-api.js';
import { Output } from './output.js';
import { describeWait, reportWait, reportWhile } from './waiting.js';

const shard: ShardInfo = {
  shard: 3,
  epoch: 4,
  primaryNodeId: 'a',
  primaryAddress: 'a:1',
  replicas: [],
  minInSync: 1,
  offline: false,
  serving: true,
  placedNodeIds: [],
};

test.each<[Partial<ShardInfo>, string]>([
  [{ offline: true, serving: false }, 'shard 3 is offline'],
  [{ serving: false, primaryNodeId: '', primaryAddress: '' }, 'the primary of shard 3 is being replaced (after epoch 4)'],
  [{ serving: false, primaryNodeId: '', primaryAddress: '', epoch: 0 }, 'no primary of shard 3 is known yet'],
  [{ serving: false }, 'a is becoming primary of shard 3 in epoch 4'],
  [{}, 'a has not answered yet'],
])('waiting - %j is described', (facts, text) => {
  expect(describeWait([{ ...shard, ...facts }])).toContain(text);
});

test('waiting - a long wait is reported, with each change once and its end; a short one is not', async () => {
  const notes: string[] = [];
  const output = new Output(false);
  vi.spyOn(output, 'note').mockImplementation((text) => void notes.push(text));
  let listener: () => void = () => {};
  const topology = { shards: [{ ...shard, shard: 0 }] };
  const client = {
    knownTopology: topology,
    onTopology: (onChange: () => void) => {
      listener = onChange;
      return () => {};
    },
  } as unknown as KvClient;
  expect(await reportWait(client, ['k'], output, async () => 1)).toBe(1);
  expect(notes).toEqual([]);
  await reportWait(client, ['k'], output, async () => {
    await vi.waitFor(() => expect(notes).toHaveLength(1), { timeout: 10_000 });
    topology.shards = [{ ...shard, shard: 0, serving: false }];
    listener();
    listener();
  });
  expect(notes.map((note) => note.replace(/\d+\.\d/, 'some'))).toEqual([
    'waiting: a has not answered yet; if it is gone, another in-sync replica takes its place',
    'waiting: a is becoming primary of shard 0 in epoch 4',
    'answered after some s',
  ]);
});

test('waiting - no "answered" is reported if some of many keys failed', async () => {
  const notes: string[] = [];
  const output = new Output(false);
  vi.spyOn(output, 'note').mockImplementation((text) => void notes.push(text));
  const work = async (): Promise<{ ok: boolean }[]> => {
    await vi.waitFor(() => expect(notes).toHaveLength(1), { timeout: 10_000 });
    return [{ ok: true }, { ok: false }];
  };
  await reportWhile(output, () => 'the same', work, { untilMs: 1 });
  expect(notes).toEqual(['waiting: the same']);
});

test('waiting - calls that wait for the same report it once, and a later wait is reported again', async () => {
  const notes: string[] = [];
  const output = new Output(false);
  vi.spyOn(output, 'note').mockImplementation((text) => void notes.push(text));
  for (let round = 1; round <= 2; round++) {
    const work = (): Promise<void> =>
      vi.waitFor(() => expect(notes.length).toBeGreaterThanOrEqual(2 * round - 1), { timeout: 10_000 });
    await Promise.all(Array.from({ length: 3 }, () => reportWhile(output, () => 'the same', work, { untilMs: 1 })));
  }
  expect(notes.map((note) => note.replace(/\d+\.\d/, 'some'))).toEqual([
    ...['waiting: the same', 'answered after some s'],
    ...['waiting: the same', 'answered after some s'],
  ]);
});
