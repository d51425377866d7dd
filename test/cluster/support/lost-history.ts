/**
 * Support for tests in which ZooKeeper loses everything, or goes back to an older state: a cluster on a ZooKeeper of
 * its own that holds acknowledged keys, and the waits of such tests.
 */
import { expect, test } from 'vitest';
import { operate } from '../../../faults/cluster/operator.js';
import type { LocalCluster } from '../../../local/local-cluster.js';
import { type LocalZookeeper, startZooKeeper } from '../../../local/zookeeper.js';
import type { KvClient, NodeStatus, ReplicaStatus } from '../../../src/index.js';
import { startCluster } from './cluster.js';

export const patienceMs = 60_000;

interface LostHistoryFixtures {
  /** The number of nodes. */
  readonly nodes: number;
  readonly zookeeper: LocalZookeeper;
  readonly cluster: LocalCluster;
  readonly client: KvClient;
  /** Ten keys, written before the test begins. */
  readonly written: Written;
}

const onOwnZookeeper = test.extend<LostHistoryFixtures>({
  nodes: 2,
  zookeeper: async ({ task: _ }, use) => {
    await using zookeeper = await startZooKeeper();
    await use(zookeeper);
  },
  cluster: async ({ zookeeper, nodes }, use) => {
    await using cluster = await startCluster({ zookeeper, nodes, extra: ['--session-ms', '2000'] });
    await use(cluster);
  },
  client: async ({ cluster }, use) => {
    await using client = await cluster.connect();
    await use(client);
  },
  written: async ({ client }, use) => {
    const written = new Written();
    await written.write(client, 'before', 10);
    await use(written);
  },
});

/** A ZooKeeper whose address is given from outside must not be stopped. */
const isGiven = Boolean(process.env.KVNODE_ZK);

/** A test with two nodes. */
export const lostHistory = onOwnZookeeper.skipIf(isGiven);
/** A test with three nodes. */
export const lostHistoryOfThree = onOwnZookeeper.extend({ nodes: 3 }).skipIf(isGiven);

/** Keys that were written and acknowledged, with their versions. */
export class Written {
  readonly #values = new Map<string, { value: string; version: number }>();
  readonly #versions: number[] = [];

  async write(client: KvClient, prefix: string, count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const key = `${prefix}${index}`;
      const { version } = await client.put(key, `value of ${key}`, { deadlineMs: patienceMs });
      this.#values.set(key, { value: `value of ${key}`, version });
      this.#versions.push(version);
    }
  }

  /** Every key has the value that was written. */
  async expectValues(client: KvClient): Promise<void> {
    for (const [key, { value }] of this.#values) {
      const found = await client.get(key, { deadlineMs: patienceMs });
      expect({ key, value: found?.value.toString() }).toEqual({ key, value });
    }
  }

  /** Every key is there as it was written. */
  async expectAcknowledged(client: KvClient): Promise<void> {
    for (const [key, { value, version }] of this.#values) {
      const found = await client.get(key, { deadlineMs: patienceMs });
      expect({ key, value: found?.value.toString(), version: found?.version }).toEqual({ key, value, version });
    }
  }

  /** The same of a single shard; the next writes are served, and no version was used twice. */
  async expectAll(client: KvClient): Promise<void> {
    await this.expectAcknowledged(client);
    await this.write(client, 'afterwards', 3);
    expect(this.#versions).toEqual([...this.#versions].sort((one, other) => one - other));
    expect(new Set(this.#versions).size).toBe(this.#versions.length);
  }
}

/** The replicas of all running nodes. */
export async function replicas(cluster: LocalCluster): Promise<ReplicaStatus[]> {
  return (await cluster.statuses()).flatMap((status) => status.replicas);
}

/** All running nodes; undefined while one does not answer. */
function statusesOf(cluster: LocalCluster): Promise<NodeStatus[] | undefined> {
  return cluster.statuses().catch(() => undefined);
}

/** Waits until every running node's replica is as wanted. */
export async function waitForReplicas(cluster: LocalCluster, holds: (replica: ReplicaStatus) => boolean): Promise<void> {
  await expect
    .poll(async () => (await statusesOf(cluster))?.flatMap((status) => status.replicas).every(holds), { timeout: patienceMs })
    .toBe(true);
}

/**
 * Sends the operator's command until the shard serves and no replica keeps data of another line.
 *
 * @returns the number of commands sent.
 */
export async function goOn(cluster: LocalCluster): Promise<number> {
  await using client = await cluster.connect();
  const isDone = async (): Promise<boolean> => {
    const all = (await statusesOf(cluster))?.flatMap((status) => status.replicas);
    return all?.some(({ serving }) => serving) === true && all.every(({ offline, found }) => !offline && !found);
  };
  const lines: string[] = [];
  const statuses = (): Promise<NodeStatus[] | undefined> => statusesOf(cluster);
  const given = await operate({ client, statuses, isDone, patienceMs, print: (line) => lines.push(line) });
  expect(await isDone(), `${lines.join('\n')}\n${JSON.stringify(await replicas(cluster))}\n${cluster.logs()}`).toBe(true);
  return given;
}

export function expectNothingDiscarded(cluster: LocalCluster): void {
  for (const { log } of cluster.nodes) expect(log.find(({ msg }) => msg.includes('is discarded'))).toEqual([]);
}

/** Waits until the only replica of the node that the client speaks to is offline. */
export async function waitUntilOffline(client: KvClient, { address }: { readonly address: string }): Promise<void> {
  await expect
    .poll(async () => (await client.nodeStatus(address)).replicas.map(({ offline }) => offline), { timeout: patienceMs })
    .toEqual([true]);
}
