import { expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { isAsPlaced } from '../../local/ring.js';
import { anyVersion } from '../../src/coordination/znode-client.js';
import { ZookeeperClient } from '../../src/coordination/zookeeper/zookeeper-client.js';
import { KvError } from '../../src/errors.js';
import { KvClient } from '../../src/index.js';
import { decodePlacement, encodePlacement } from '../../src/placement/index.js';
import { startCluster } from '../cluster/support/cluster.js';

const shards = 6;
const sessionMs = 2_000;
const patienceMs = 60_000;
const askDeadlineMs = 500;

function settled(cluster: LocalCluster) {
  return cluster.waitUntil('every shard is where it is placed', isAsPlaced, patienceMs);
}

function connectZookeeper(cluster: LocalCluster): Promise<ZookeeperClient> {
  return ZookeeperClient.connect({ servers: cluster.zookeeper.address, sessionMs: 6_000, startupTimeoutMs: 10_000 });
}

test('every shard stays and is served while placement is malformed, then deleted, and the same one is written back', async () => {
  await using cluster = await startCluster({ shards, extra: ['--session-ms', String(sessionMs)], waitForInSync: false });
  const before = await settled(cluster);
  await using client = await cluster.connect();
  const zookeeper = await connectZookeeper(cluster);
  const path = `${cluster.root}/placement`;
  try {
    const good = (await zookeeper.get(path, { watch: false }))!.data.toString();
    const fewer = encodePlacement({ version: before.placementVersion + 1, shards: [[cluster.nodes[0]!.id]] });
    for (const bad of ['no placement', fewer]) {
      const noticed = cluster.nodes.map((node) => node.log.waitFor('malformed znode ignored', { since: node.log.count }));
      await zookeeper.set(path, Buffer.from(bad), anyVersion);
      await Promise.all(noticed);
      const topology = await settled(cluster);
      expect(topology.shards.map(({ placedNodeIds }) => placedNodeIds)).toEqual(
        before.shards.map(({ placedNodeIds }) => placedNodeIds),
      );
      await client.put(bad, bad);
    }
    // Every node that knows the placement tries to write it back, and one is first.
    const written = cluster.nodes.map(({ log }) => log.waitFor(({ msg }) => msg.endsWith('placement; this node wrote it back')));
    for (const one of written) one.catch(() => {});
    await zookeeper.delete(path, anyVersion);
    await Promise.any(written);
    expect(decodePlacement((await zookeeper.get(path, { watch: false }))!.data.toString())).toEqual(decodePlacement(good));
  } finally {
    await zookeeper.close();
  }
});

test('placement is deleted while the controller is frozen: another node writes it back, and all report it', async () => {
  await using cluster = await startCluster({ shards, extra: ['--session-ms', String(sessionMs)], waitForInSync: false });
  await settled(cluster);
  const [controller, other] = cluster.nodes;
  await using client = await KvClient.connect({ nodes: [other!.address] });
  const zookeeper = await connectZookeeper(cluster);
  const path = `${cluster.root}/placement`;
  try {
    controller!.freeze();
    await zookeeper.delete(path, anyVersion);
    const versions = new Set<number>();
    let isWritten = false;
    while (!isWritten || versions.size === 0) {
      isWritten = (await zookeeper.stat(path, { watch: false })) !== undefined;
      const seen = await client.topology({ deadlineMs: askDeadlineMs }).catch((error: unknown) => {
        if (!(error instanceof KvError)) throw error;
      });
      if (seen !== undefined) versions.add(seen.placementVersion);
    }
    expect(versions).not.toContain(0);
  } finally {
    await zookeeper.close();
  }
});
