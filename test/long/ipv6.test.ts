/** A cluster on ::1 only: ZooKeeper, the nodes and all clients. */
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LocalCluster } from '../../local/local-cluster.js';
import { isAtRest } from '../../local/ring.js';
import { startZooKeeper } from '../../local/zookeeper.js';
import { KvClient } from '../../src/index.js';
import { runKvctl } from '../cluster/support/kvctl.js';

const loopback = '::1';
const hasLoopback = Object.values(networkInterfaces()).some((found) => found?.some(({ address }) => address === loopback));
const onIpv6 = /^\[::1\]:\d+$/;

describe.skipIf(!hasLoopback)(`on ${loopback} alone${hasLoopback ? '' : ' (skipped: this machine has no IPv6 loopback)'}`, () => {
  let cluster: LocalCluster;

  beforeAll(async () => {
    // A ZooKeeper from the environment may listen elsewhere.
    vi.stubEnv('KVNODE_ZK', '');
    const zookeeper = await startZooKeeper({ host: loopback });
    vi.unstubAllEnvs();
    try {
      cluster = await LocalCluster.start({ zookeeper, nodes: 3, shards: 4, extra: ['--host', loopback, '--http-port', '0'] });
      // A request over HTTP is forwarded once, and refused while a primary hands over.
      await cluster.waitUntil('every primary is where it stays', (topology) => isAtRest(topology, 3, 3));
    } catch (error) {
      await zookeeper.stop();
      throw error;
    }
  });

  afterAll(async () => {
    await cluster?.kill();
    await cluster?.zookeeper.stop();
  });

  test('ZooKeeper and every node have an address in brackets, and every shard has three copies', async () => {
    expect(cluster.zookeeper.address).toMatch(onIpv6);
    const { nodes, shards } = await cluster.waitForInSync(3);
    for (const { id, address } of nodes) expect([id, address]).toEqual([expect.stringMatching(onIpv6), id]);
    for (const { serving, primaryAddress } of shards)
      expect([serving, primaryAddress]).toEqual([true, expect.stringMatching(onIpv6)]);
    for (const { log } of cluster.nodes) expect(log.find(({ msg }) => msg.includes('reach'))).toEqual([]);
  });

  test('KvClient finds the nodes through ZooKeeper and by their addresses, in every spelling', async () => {
    const [{ address } = { address: '' }] = cluster.nodes;
    const spelled = address.replace('::1', '0:0:0:0:0:0:0:1');
    const keys = Array.from({ length: 32 }, (_, index) => `key-${index}`);
    await using byZookeeper = await KvClient.connect({ zk: cluster.zookeeper.address, root: `${cluster.root}/` });
    for (const key of keys) await byZookeeper.put(key, 'v');
    await using byAddress = await KvClient.connect({ nodes: [spelled] });
    for (const key of keys) expect((await byAddress.get(key))?.value.toString()).toBe('v');
    expect((await byAddress.nodeStatus(spelled)).address).toBe(address);
  });

  test('kvctl reads and writes with --zk and with --nodes', async () => {
    const { zookeeper, root, addresses } = cluster;
    const ways = [
      ['--zk', zookeeper.address, '--root', root],
      ['--nodes', addresses.join(',')],
    ];
    for (const [index, way] of ways.entries()) {
      expect(await runKvctl(['put', `by-${index}`, 'v', ...way])).toMatchObject({ code: 0 });
      expect(await runKvctl(['get', `by-${index}`, ...way])).toMatchObject({ code: 0, stdout: 'v\n' });
    }
    const info = await runKvctl(['info', addresses[0]!, '--nodes', addresses.join(','), '--json']);
    expect(JSON.parse(info.stdout).nodes).toMatchObject([{ id: addresses[0] }]);
  });

  test('HTTP works at every node, which forwards requests for shards of another primary', async () => {
    for (const { httpAddress } of cluster.nodes) {
      expect(httpAddress).toMatch(onIpv6);
      expect((await fetch(`http://${httpAddress}/readyz`)).status).toBe(200);
      for (let key = 0; key < 8; key++) {
        const url = `http://${httpAddress}/api/kv/http-${key}`;
        expect((await fetch(url, { method: 'PUT', body: httpAddress })).status).toBe(200);
        expect(await (await fetch(url)).text()).toBe(httpAddress);
      }
    }
  });

  test('a killed primary is replaced, and restarts at its address', async () => {
    const killed = await cluster.primary();
    await using client = await KvClient.connect({ nodes: cluster.addresses });
    await killed.kill();
    expect((await client.put('after', 'v', { deadlineMs: 60_000 })).nodeId).toMatch(onIpv6);
    const again = await cluster.restart(killed);
    expect(again.address).toBe(killed.address);
    await cluster.waitForInSync(3);
  });
});
