import { expect, test } from 'vitest';
import type { KvClient } from '../../client/index.js';
import type { Topology } from '../../rpc/kv-api.js';
import { forcePrimaryCommand } from './force-primary.js';
import { Output } from './output.js';

const live = { replicaId: 'a~1', nodeId: 'a', inSync: true, live: true };

test.each([
  ['leaves a shard alone that is not offline', [live], 'shard 0 is not offline: an in-sync replica of it is live'],
  ['does not say so where nobody knows', [], 'no node that answers knows what became of shard 0 yet'],
])('kvctl shard force-primary - %s', async (_, replicas, message) => {
  const shard = { shard: 0, epoch: 1, primaryNodeId: 'a', primaryAddress: 'a:1', replicas, minInSync: 1, placedNodeIds: [] };
  const topology: Topology = {
    clusterId: 'c',
    nodes: [],
    shards: [{ ...shard, offline: false, serving: true }],
    placementVersion: 0,
  };
  const client: Pick<KvClient, 'topology' | 'wholeTopology' | 'onTopology'> = {
    topology: async () => topology,
    wholeTopology: async () => topology,
    onTopology: () => () => {},
  };
  const running = forcePrimaryCommand.run({
    connect: async () => client as KvClient,
    operands: ['0'],
    options: { 'accept-data-loss': true },
    connection: { nodes: undefined, zk: undefined, root: undefined },
    call: { deadlineMs: 1, signal: new AbortController().signal },
    isStdinTaken: false,
    output: new Output(false),
  });
  await expect(running).rejects.toMatchObject({
    ...{ code: 'NOT_FORCED', executed: 'no' },
    message: expect.stringContaining(message),
  });
});
