/**
 * A node of another cluster answers at an address of this cluster, for example after a restart with the wrong --root,
 * or because a pod's address was used again. While the address is still registered here, no client may read from the
 * stranger or write to it.
 */
import { Client, credentials, Metadata, type ServiceDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { NodeProcess } from '../../local/node-process.js';
import { isAsPlaced } from '../../local/ring.js';
import { type ClusterChange, KvClient } from '../../src/index.js';
import { startCluster } from './support/cluster.js';
import { runKvctl } from './support/kvctl.js';

const file = new URL('../../proto/kv/v1/kv.proto', import.meta.url).pathname;
const keyValue = loadSync(file, { longs: Number, defaults: true, oneofs: true })['kv.v1.KeyValue'] as ServiceDefinition;

const extra = ['--replicas', '2', '--http-port', '0'];
const keys = Array.from({ length: 32 }, (_, index) => `key-${index}`);
const valueFor = (key: string) => `value of ${key}`;

let ours: LocalCluster;
let theirs: LocalCluster;
/**
 * `good` is a node of our cluster that keeps running. `stranger` is a node of their cluster at the address of a killed
 * node of ours.
 */
let good: NodeProcess;
let stranger: NodeProcess;
/** The node that has the address of `good` at the end. */
let heir: NodeProcess | undefined;
let ourId: string;
let theirId: string;
const clients: Client[] = [];

beforeAll(async () => {
  [ours, theirs] = await Promise.all([
    startCluster({ nodes: 3, shards: 8, extra, waitForInSync: false }),
    startCluster({ nodes: 1, shards: 8, extra }),
  ]);
  const asPlaced = await ours.waitUntil(
    'every shard is where it is placed',
    (seen) => seen.nodes.length === 3 && isAsPlaced(seen) && seen.shards.every(({ replicas }) => replicas.length === 2),
  );
  ourId = asPlaced.clusterId;
  theirId = (await theirs.topology()).clusterId;
  await using client = await ours.connect();
  const outcomes = await client.mput(keys.map((key) => ({ key, value: valueFor(key) })));
  expect(outcomes.every(({ ok }) => ok)).toBe(true);
  good = ours.nodes[0]!;
  const lost = ours.nodes[2]!;
  await lost.kill();
  stranger = await startStranger(lost);
});

afterAll(async () => {
  for (const client of clients) client.close();
  await Promise.all([stranger, heir].map((node) => node?.kill()));
  await Promise.all([ours?.kill(), theirs?.kill()]);
});

/** A node of their cluster at the address of one of ours, which was killed. */
function startStranger(at: NodeProcess): Promise<NodeProcess> {
  const port = Number(at.address.slice(at.address.lastIndexOf(':') + 1));
  const { zookeeper, root } = theirs;
  return NodeProcess.start({ zk: zookeeper.address, root, port, extra: ['--shards', '8', ...extra] });
}

interface Seen {
  /** Reads with another result than the written value. */
  readonly wrong: string[];
  /** The acknowledged writes. */
  readonly written: string[];
}

/** Runs rounds until our cluster has removed the node whose address the stranger has. */
async function whileRegistered(round: (number: number, seen: Seen) => Promise<void>): Promise<Seen> {
  const seen: Seen = { wrong: [], written: [] };
  for (let number = 0; ; number++) {
    const { nodes } = await ours.topology();
    await round(number, seen);
    if (nodes.length === 2) return seen;
  }
}

/** The number of keys at each node of their cluster. */
async function keysOfTheirs(): Promise<number[]> {
  await using client = await KvClient.connect({ nodes: theirs.addresses });
  const { nodes } = await client.topology();
  return await Promise.all(nodes.map(async ({ address }) => (await client.nodeStatus(address)).keys));
}

function clientOf(node: NodeProcess): Client {
  const client = new Client(node.address, credentials.createInsecure());
  clients.push(client);
  return client;
}

interface Answer {
  readonly error: ServiceError | null;
  readonly response: { readonly found?: boolean; readonly value?: Buffer } | undefined;
  readonly metadata: Metadata | undefined;
}

function call(client: Client, name: string, request: object, metadata = new Metadata()): Promise<Answer> {
  const { path, requestSerialize, responseDeserialize } = keyValue[name]!;
  return new Promise((resolve) => {
    let initialMetadata: Metadata | undefined;
    const options = { deadline: Date.now() + 5_000 };
    client
      .makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, (error, response) =>
        resolve({ error, response: response as Answer['response'], metadata: initialMetadata }),
      )
      .on('metadata', (initial: Metadata) => {
        initialMetadata = initial;
      });
  });
}

function naming(clusterId: string): Metadata {
  const metadata = new Metadata();
  metadata.set('kv-cluster', clusterId);
  return metadata;
}

test('no client, and no node that forwards over gRPC or HTTP, reads from the stranger or writes to it', async () => {
  const stock = clientOf(good);
  const path = (key: string) => `http://${good.httpAddress}/api/kv/${key}`;
  const seen = await Promise.all([
    whileRegistered(async (number, { wrong, written }) => {
      await using client = await KvClient.connect({ nodes: [good.address], deadlineMs: 20_000 });
      for (const found of await client.mgetSettled(keys))
        if (found.ok && found.found?.value.toString() !== valueFor(found.key)) wrong.push(found.key);
      const entries = keys.map((key) => ({ key: `client-${number}-${key}`, value: 'x' }));
      for (const outcome of await client.mput(entries)) if (outcome.ok) written.push(outcome.key);
      if (client.knownTopology?.clusterId !== ourId) wrong.push('the topology');
    }),
    whileRegistered(async (number, { wrong, written }) => {
      for (const key of keys) {
        const { error, response } = await call(stock, 'Get', { key });
        if (error === null && response?.value?.toString() !== valueFor(key)) wrong.push(key);
        const own = `stock-${number}-${key}`;
        if ((await call(stock, 'Put', { key: own, value: Buffer.from('x') })).error === null) written.push(own);
      }
    }),
    whileRegistered(async (number, { wrong, written }) => {
      for (const key of keys) {
        const answer = await fetch(path(key));
        const text = await answer.text();
        if (answer.status === 404 || (answer.status === 200 && text !== valueFor(key))) wrong.push(key);
        const own = `http-${number}-${key}`;
        if ((await fetch(path(own), { method: 'PUT', body: 'x' })).status === 200) written.push(own);
      }
    }),
  ]);
  expect(seen.flatMap(({ wrong }) => wrong)).toEqual([]);
  const written = seen.flatMap((one) => one.written);
  expect(written.length).toBeGreaterThan(0);
  await using client = await KvClient.connect({ nodes: [good.address], deadlineMs: 30_000 });
  const found = await client.mget([...keys, ...written]);
  expect(found.filter((one) => one === undefined)).toEqual([]);
  expect(await keysOfTheirs()).toEqual([0, 0]);
});

test('a node refuses unary calls and pipelines that name another cluster', async () => {
  const client = clientOf(stranger);
  const requests = { Get: { key: 'key' }, Put: { key: 'key', value: Buffer.from('x') }, Delete: { key: 'key' } };
  for (const [name, request] of Object.entries(requests)) {
    const { error } = await call(client, name, request, naming(ourId));
    expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, details: expect.stringContaining(theirId) });
    expect(error?.metadata.getMap()).toMatchObject({ 'kv-code': 'WRONG_CLUSTER', 'kv-executed': 'no', 'kv-cluster': theirId });
  }
  const { path, requestSerialize, responseDeserialize } = keyValue.Pipeline!;
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, naming(ourId));
  stream.write({ operations: [{ id: 1, put: requests.Put }] });
  const refused = await new Promise<ServiceError>((resolve) => stream.on('error', resolve).resume());
  expect(refused.metadata.getMap()).toMatchObject({ 'kv-code': 'WRONG_CLUSTER', 'kv-executed': 'no' });
  await stranger.log.waitFor('refused a request that names another cluster');
  expect(await keysOfTheirs()).toEqual([0, 0]);

  const found = await call(client, 'Get', { key: 'none' }, naming(theirId));
  expect([found.error, found.metadata?.get('kv-cluster')]).toEqual([null, [theirId]]);
  // Initial metadata would end the retries of a plain gRPC client.
  const failed = await call(client, 'Put', { key: '', value: Buffer.from('x') });
  expect([failed.error?.metadata.get('kv-cluster'), failed.metadata]).toEqual([[theirId], undefined]);
});

test('a node refuses HTTP requests that name another cluster, and every answer has the header', async () => {
  const at = `http://${stranger.httpAddress}`;
  const put = (clusterId: string) =>
    fetch(`${at}/api/kv/key`, { method: 'PUT', body: 'x', headers: { 'kv-cluster': clusterId } });
  const wrong = await put(ourId);
  expect([wrong.status, wrong.headers.get('kv-cluster')]).toEqual([421, theirId]);
  expect(await wrong.json()).toMatchObject({ code: 'WRONG_CLUSTER', executed: 'no', clusterId: theirId });
  expect(await keysOfTheirs()).toEqual([0, 0]);
  for (const answer of [await fetch(`${at}/livez`), await fetch(`${at}/api/kv/none`), await fetch(`${at}/none`)])
    expect([answer.url, answer.headers.get('kv-cluster')]).toEqual([answer.url, theirId]);
});

test('the client and kvctl refuse addresses of two clusters, and name both', async () => {
  const nodes = [stranger.address, good.address];
  const bothIds = new RegExp(`${ourId}.*${theirId}|${theirId}.*${ourId}`, 's');
  await expect(KvClient.connect({ nodes })).rejects.toMatchObject({
    code: 'WRONG_CLUSTER',
    executed: 'no',
    message: expect.stringMatching(bothIds),
  });
  for (const command of [['status'], ['put', 'key', 'value']]) {
    const { code, stdout, stderr } = await runKvctl([...command, '--nodes', nodes.join(',')]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(bothIds);
    expect(stderr).toContain('WRONG_CLUSTER');
  }
  expect(await keysOfTheirs()).toEqual([0, 0]);
});

test('our cluster is gone and theirs has its address - calls fail with WRONG_CLUSTER, unless the client follows', async () => {
  const changes: ClusterChange[] = [];
  const nodes = [good.address];
  await using keeping = await KvClient.connect({ nodes, deadlineMs: 2_000 });
  await using following = await KvClient.connect({
    nodes,
    deadlineMs: 60_000,
    followRebuilds: true,
    onClusterChanged: (change) => changes.push(change),
  });
  await Promise.all(ours.nodes.map((node) => node.kill()));
  heir = await startStranger(good);
  expect(await following.get(keys[0]!)).toBeUndefined();
  await following.put('new', 'value');
  expect(changes).toEqual([{ before: ourId, now: theirId }]);
  for (const outcome of await Promise.allSettled([keeping.get('new'), keeping.put('new', 'wrong')]))
    expect(outcome).toMatchObject({ reason: { code: 'WRONG_CLUSTER', executed: 'no', clusterId: theirId } });
  expect((await following.get('new'))?.value.toString()).toBe('value');
});
