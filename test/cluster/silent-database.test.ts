/** The database of one node gives no answer, while the cluster serves. */
import { expect, onTestFinished, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { LocalPostgres } from '../../local/postgres.js';
import type { KvClient, NodeStatus } from '../../src/index.js';
import { startDurable } from './support/durable-cluster.js';
import { patienceMs, Written } from './support/lost-history.js';
import { stateOptions } from './support/state-stores.js';

/** With several shards every node leads some. */
const shards = 4;
const extra = ['--session-ms', '2000', '--state-timeout-ms', '1000'];
/** Large values fill what may wait for the database of a node with the smallest memory, which is 16 MiB. */
const smallestMemory = ['--max-memory', '256MiB'];
const largeBytes = 256 * 1024;
const largeCount = 120;

interface Parts {
  readonly postgres: LocalPostgres;
  readonly cluster: LocalCluster;
  /** The node whose database is on the server; two others have their data elsewhere. */
  readonly node: NodeProcess;
}

async function start(options: readonly string[] = []): Promise<Parts> {
  const postgres = await LocalPostgres.start();
  onTestFinished(() => postgres.stop());
  const cluster = await startDurable({ shards, extra, nodes: 0, waitForInSync: false });
  const node = await cluster.addNode(['--state', 'postgres', '--postgres', postgres.url(), ...options]);
  for (const kind of ['lmdb', 'memory'] as const) await cluster.addNode(await stateOptions(kind));
  await cluster.waitForInSync(3, patienceMs);
  await waitUntilItLeads({ postgres, cluster, node });
  return { postgres, cluster, node };
}

async function waitUntilItLeads({ cluster, node }: Parts): Promise<void> {
  const leads = (primary: string) => primary === node.id;
  await cluster.waitUntil(
    'it leads a shard',
    (topology) => topology.shards.some(({ primaryNodeId }) => leads(primaryNodeId)),
    patienceMs,
  );
}

async function waitUntilOthersLead({ cluster, node }: Parts): Promise<void> {
  await cluster.waitUntil(
    'the others lead every shard',
    (topology) => topology.shards.every(({ serving, primaryNodeId }) => serving && primaryNodeId !== node.id),
    patienceMs,
  );
}

async function waitForStatus({ cluster, node }: Parts, expected: Partial<NodeStatus>): Promise<NodeStatus> {
  let found: NodeStatus | undefined;
  const status = async () => {
    found = (await cluster.statuses().catch(() => [])).find(({ nodeId }) => nodeId === node.id);
    return found;
  };
  await expect.poll(status, { timeout: patienceMs }).toMatchObject(expected);
  return found!;
}

function largeValue(index: number): Buffer {
  return Buffer.alloc(largeBytes, index);
}

async function expectLargeValues(client: KvClient): Promise<void> {
  for (let index = 0; index < largeCount; index += 1) {
    const found = await client.get(`large ${index}`, { deadlineMs: patienceMs });
    expect(found?.value.equals(largeValue(index))).toBe(true);
  }
}

test('a primary whose database does not answer hands over: writes and reads go on, and it joins in again', async () => {
  const parts = await start();
  const { postgres, cluster, node } = parts;
  await using client = await cluster.connect();
  const written = new Written();
  await written.write(client, 'before', 40);
  const meanwhile = written.write(client, 'meanwhile', 100);
  await postgres.pauseServer();
  await waitUntilOthersLead(parts);
  await meanwhile;
  await written.write(client, 'without it', 40);
  await written.expectAcknowledged(client);
  const { warnings } = await waitForStatus(parts, { state: 'postgres', stateImpaired: true });
  expect(warnings).toContainEqual(expect.stringMatching(/^the database \(postgres\) has not answered for \d+ s/));
  expect(node.running).toBe(true);
  await postgres.resumeServer();
  await waitForStatus(parts, { stateImpaired: false, stateLag: 0 });
  await cluster.waitForInSync(3, patienceMs);
  await waitUntilItLeads(parts);
  await written.write(client, 'with it', 40);
  await written.expectAcknowledged(client);
});

test('a backup whose database is away while much is written is evicted, the cluster goes on, and it comes back in sync', async () => {
  const parts = await start(smallestMemory);
  const { postgres, cluster, node } = parts;
  await using client = await cluster.connect();
  const written = new Written();
  await written.write(client, 'before', 20);
  await postgres.stopServer();
  await waitUntilOthersLead(parts);
  for (let index = 0; index < largeCount; index += 1)
    await client.put(`large ${index}`, largeValue(index), { deadlineMs: patienceMs });
  await cluster.waitUntil(
    'it is evicted',
    (topology) => topology.shards.every(({ replicas }) => replicas.every(({ nodeId, inSync }) => !inSync || nodeId !== node.id)),
    patienceMs,
  );
  await written.write(client, 'without it', 20);
  await written.expectAcknowledged(client);
  expect(node.running).toBe(true);
  await postgres.startServer();
  await cluster.waitForInSync(3, patienceMs);
  await waitForStatus(parts, { stateImpaired: false, stateLag: 0 });
  // What it has is enough for the cluster.
  for (const other of cluster.nodes) if (other !== node) await other.kill();
  await written.expectAcknowledged(client);
  await expectLargeValues(client);
});

test('a primary is killed while the database of a backup does not answer: the third node leads, and writes go on', async () => {
  const parts = await start();
  const { postgres, cluster, node } = parts;
  await using client = await cluster.connect();
  const written = new Written();
  await written.write(client, 'before', 20);
  await postgres.pauseServer();
  await waitUntilOthersLead(parts);
  const [killed, third] = cluster.nodes.filter((other) => other !== node);
  const meanwhile = written.write(client, 'meanwhile', 40);
  await killed!.kill();
  // Conditions need what is stored, which only the third node can look up.
  const added = await client.increment('counter', { deadlineMs: patienceMs });
  expect(added.value).toBe('1');
  await cluster.waitUntil(
    'the third node leads every shard',
    (topology) => topology.shards.every(({ serving, primaryNodeId }) => serving && primaryNodeId === third!.id),
    patienceMs,
  );
  await meanwhile;
  await written.expectAcknowledged(client);
  await postgres.resumeServer();
  await waitForStatus(parts, { stateImpaired: false, stateLag: 0 });
  await written.expectAcknowledged(client);
});
