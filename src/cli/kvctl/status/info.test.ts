import { expect, test, vi } from 'vitest';
import type { KvClient } from '../../../client/index.js';
import { type ReplicaSight, shardOf, viewOf } from '../force/force-view.fixture.js';
import { Output } from '../output.js';
import { infoCommand } from './info.js';

async function info(replicas: readonly ReplicaSight[]): Promise<string> {
  const view = viewOf([shardOf(0)], { a: replicas });
  const client: Partial<KvClient> = {
    topology: async () => view.topology,
    wholeTopology: async () => view.topology,
    onTopology: () => () => {},
    nodeStatus: async () => view.answers[0]!.status!,
  };
  const output = new Output(false);
  const results = vi.spyOn(output, 'result').mockImplementation(() => {});
  await infoCommand.run({
    connect: async () => client as KvClient,
    operands: [],
    options: {},
    isStdinTaken: false,
    output,
    connection: { nodes: undefined, zk: undefined, root: undefined },
    call: { deadlineMs: 1_000, signal: new AbortController().signal },
  });
  return results.mock.calls[0]![0];
}

test('kvctl info - shows histories only of offline shards, and of shards of which ZooKeeper names another history', async () => {
  const text = await info([
    { shard: 0, held: 'h@5:e5', found: 'new@1:n1' },
    { shard: 1 },
    { shard: 2, held: 'k@3:e3', offline: false, role: 'backup' },
  ]);
  expect(text).toMatch(/offline +0-1\n/);
  expect(text).toMatch(/history +shard 0: h at epoch 5:e5; ZooKeeper names new at epoch 1:n1\n/);
  expect(text).toMatch(/history +shard 1: no copy/);
  expect(text).not.toContain('k at epoch');
  expect(text).toMatch(/format +6, and it supports format 6\n/);
});

test('kvctl info - shows some of many offline shards, and counts the others', async () => {
  const text = await info(Array.from({ length: 50 }, (_, shard) => ({ shard, held: 'h@1:a' })));
  expect(text.match(/history +shard/g)).toHaveLength(20);
  expect(text).toContain('of 30 more shards with --json');
});
