/**
 * Requests of a client in another language to a node that does not hold the key: plain gRPC, messages by the proto
 * file.
 */
import { once } from 'node:events';
import { Client, credentials, Metadata, type ServiceDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { isAsPlaced } from '../../local/ring.js';
import type { KeyLocation } from '../../src/index.js';
import { shardOfKey } from '../../src/placement/index.js';
import { startCluster } from './support/cluster.js';

const shardCount = 8;
const key = 'user:1';
const value = Buffer.from('value');

const file = new URL('../../proto/kv/v1/kv.proto', import.meta.url).pathname;
const definitions = loadSync(file, { longs: Number, defaults: true, oneofs: true });
const keyValue = definitions['kv.v1.KeyValue'] as ServiceDefinition;
const clusterService = definitions['kv.v1.Cluster'] as ServiceDefinition;

interface Answer {
  readonly error: ServiceError | null;
  readonly response: { readonly nodeId: string; readonly version: number; readonly found?: boolean; readonly existed?: boolean };
  readonly trailer: Readonly<Record<string, unknown>>;
}

let cluster: LocalCluster;
/** The roles of nodes for the key: one without a copy, a backup, and the primary. */
let stranger: NodeProcess;
let backup: NodeProcess;
let primary: NodeProcess;
const clients: Client[] = [];

beforeAll(async () => {
  const extra = ['--replicas', '2', '--session-ms', '2000'];
  cluster = await startCluster({ nodes: 3, shards: shardCount, extra, waitForInSync: false });
  const { shards } = await cluster.waitUntil(
    'every shard is where it is placed',
    (topology) =>
      topology.nodes.length === 3 && isAsPlaced(topology) && topology.shards.every(({ replicas }) => replicas.length === 2),
  );
  const shard = shards[shardOfKey(key, shardCount)]!;
  const nodeOf = (id: string | undefined) => cluster.nodes.find((node) => node.id === id)!;
  primary = nodeOf(shard.placedNodeIds[0]);
  backup = nodeOf(shard.placedNodeIds[1]);
  stranger = cluster.nodes.find((node) => node !== primary && node !== backup)!;
});

afterAll(async () => {
  for (const client of clients) client.close();
  await cluster?.kill();
});

function clientOf(node: NodeProcess): Client {
  const client = new Client(node.address, credentials.createInsecure());
  clients.push(client);
  return client;
}

async function call(node: NodeProcess, service: ServiceDefinition, name: string, request: object, metadata = new Metadata()) {
  const { path, requestSerialize, responseDeserialize } = service[name]!;
  const options = { deadline: Date.now() + 10_000 };
  return new Promise<Answer>((resolve) => {
    let outcome: Pick<Answer, 'error' | 'response'>;
    const started = clientOf(node).makeUnaryRequest(
      ...([path, requestSerialize, responseDeserialize, request, metadata, options] as const),
      (error, response) => {
        outcome = { error, response: response as Answer['response'] };
      },
    );
    started.on('status', ({ metadata: trailer }) => setImmediate(() => resolve({ ...outcome, trailer: trailer.getMap() })));
  });
}

const forwarded = () => {
  const metadata = new Metadata();
  metadata.set('kv-forwarded', '1');
  return metadata;
};

test('get, put and delete at a node without a copy - the primary serves them, and the trailer has its address', async () => {
  for (const node of [stranger, backup]) {
    const put = await call(node, keyValue, 'Put', { key, value });
    expect(put).toMatchObject({ error: null, response: { nodeId: primary.id }, trailer: { 'kv-primary': primary.address } });
    const get = await call(node, keyValue, 'Get', { key });
    expect(get).toMatchObject({ error: null, response: { found: true, nodeId: primary.id, version: put.response.version } });
    expect(get.trailer).toMatchObject({ 'kv-primary': primary.address });
    const removed = await call(node, keyValue, 'Delete', { key });
    expect(removed).toMatchObject({ error: null, response: { existed: true }, trailer: { 'kv-primary': primary.address } });
  }
});

test('the node that the trailer names serves the key itself, without such a trailer', async () => {
  const { trailer } = await call(stranger, keyValue, 'Put', { key, value });
  const named = cluster.nodes.find(({ address }) => address === trailer['kv-primary'])!;
  const direct = await call(named, keyValue, 'Get', { key }, forwarded());
  expect(direct).toMatchObject({ error: null, response: { found: true, nodeId: named.id } });
  expect(direct.trailer).not.toHaveProperty('kv-primary');
});

test('a refusal of the primary is returned with all its details, and with its address', async () => {
  const { response } = await call(primary, keyValue, 'Put', { key, value });
  const refused = await call(stranger, keyValue, 'Put', { key, value, ifVersion: response.version + 1 });
  expect(refused.error?.code).toBe(status.FAILED_PRECONDITION);
  expect(refused.trailer).toMatchObject({
    'kv-code': 'VERSION_MISMATCH',
    'kv-executed': 'no',
    'kv-version': String(response.version),
    'kv-primary': primary.address,
  });
});

test('a forwarded request is not forwarded again, but refused with the address of the primary', async () => {
  for (const node of [stranger, backup])
    for (const [name, request] of [
      ['Get', { key }],
      ['Put', { key, value }],
      ['Delete', { key }],
    ] as const) {
      const refused = await call(node, keyValue, name, request, forwarded());
      expect(refused.error?.code).toBe(status.UNAVAILABLE);
      expect(refused.trailer).toMatchObject({
        'kv-code': 'NOT_PRIMARY',
        'kv-executed': 'no',
        'kv-primary': primary.address,
      });
    }
});

test('a pipeline forwards nothing: each operation is refused with the address of its primary', async () => {
  const { path, requestSerialize, responseDeserialize } = keyValue.Pipeline!;
  const stream = clientOf(stranger).makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  stream.write({ operations: [{ id: 7, get: { key } }] });
  const [{ results }] = (await once(stream, 'data')) as [{ results: object[] }];
  expect(results).toMatchObject([{ id: 7, error: { code: 'NOT_PRIMARY', notExecuted: true, primaryAddress: primary.address } }]);
  stream.end();
  await once(stream, 'end');
});

test('any node returns the holders of a key, primary first', async () => {
  const locations = await Promise.all(
    cluster.nodes.map(
      async (node) => (await call(node, clusterService, 'LocateKey', { key })).response as unknown as KeyLocation,
    ),
  );
  for (const location of locations) {
    expect(location.holders.map(({ nodeId, role }) => [nodeId, role])).toEqual([
      [primary.id, 'primary'],
      [backup.id, 'backup'],
    ]);
  }
});

test('the preferred primary is frozen - the next request is forwarded to another holder, and served', async () => {
  primary.freeze();
  const { path, requestSerialize, responseDeserialize } = keyValue.Get!;
  const client = clientOf(stranger);
  let served: string | undefined;
  // A plain gRPC client with short deadlines, which knows one node and retries.
  for (const endMs = Date.now() + 30_000; served === undefined && Date.now() < endMs; )
    served = await new Promise((resolve) => {
      const options = { deadline: Date.now() + 1_000 };
      const request = [path, requestSerialize, responseDeserialize, { key }, new Metadata(), options] as const;
      client.makeUnaryRequest(...request, (error, response) =>
        resolve(error === null ? (response as Answer['response']).nodeId : undefined),
      );
    });
  primary.thaw();
  expect(served).toBe(backup.id);
});
