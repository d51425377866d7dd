/** Standard gRPC tools on a node's port: health checks and watches, and reflection, by their own proto files. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Client, type ClientDuplexStream, credentials, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { startCluster } from '../cluster/support/cluster.js';

const options = { longs: Number, enums: String, defaults: true, oneofs: true };
const health = loadSync(healthProto, options)['grpc.health.v1.Health'] as ServiceDefinition;
const reflectionPackage = dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json'));
const reflectionProto = join(reflectionPackage, 'build/proto/grpc/reflection/v1/reflection.proto');
const reflection = loadSync(reflectionProto, options)['grpc.reflection.v1.ServerReflection'] as ServiceDefinition;

let cluster: LocalCluster;
const clients: Client[] = [];

beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
});

afterAll(async () => {
  for (const client of clients) client.close();
  await cluster?.kill();
});

function clientOf(address: string): Client {
  const client = new Client(address, credentials.createInsecure());
  clients.push(client);
  return client;
}

function check(address: string, service: string): Promise<string | number> {
  const { path, requestSerialize, responseDeserialize } = health.Check!;
  return new Promise((resolve) => {
    clientOf(address).makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, (error, response) =>
      resolve(error?.code ?? (response as { status: string }).status),
    );
  });
}

/** The statuses that a watch reports, in order, until it ends. */
async function* watch(address: string, service: string): AsyncGenerator<string> {
  const { path, requestSerialize, responseDeserialize } = health.Watch!;
  const stream = clientOf(address).makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service });
  for await (const { status } of stream) yield status;
}

describe('health', () => {
  test('a node that is in sync everywhere is SERVING under every name; an unknown service is not found', async () => {
    const address = cluster.addresses[0]!;
    const statuses = await Promise.all(
      ['', 'kv.v1.KeyValue', 'kv.v1.Cluster', 'kv.v2'].map((service) => check(address, service)),
    );
    expect(statuses).toEqual(['SERVING', 'SERVING', 'SERVING', 5]);
  });

  test('a new node is NOT_SERVING until it is in sync and once it begins to stop; then its watches end', async () => {
    const node = await cluster.addNode();
    const statuses: string[] = [];
    for await (const status of watch(node.address, '')) {
      statuses.push(status);
      if (status === 'SERVING') {
        // The node reports this itself, since the reports of other nodes may be a moment older.
        await using client = await cluster.connect();
        const { replicas } = await client.nodeStatus(node.address);
        expect(replicas.map(({ role }) => role)).not.toContain('joiner');
        node.signal('SIGTERM');
      }
    }
    expect(statuses.filter((status, at) => status !== statuses[at - 1]).slice(-2)).toEqual(['SERVING', 'NOT_SERVING']);
    expect(await node.exited).toMatchObject({ code: 0 });
  });
});

interface Reflected {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  readonly errorResponse?: { readonly errorCode: number };
}

function reflect(address: string): ClientDuplexStream<object, Reflected> {
  const { path, requestSerialize, responseDeserialize } = reflection.ServerReflectionInfo!;
  return clientOf(address).makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}

async function ask(address: string, request: object): Promise<Reflected> {
  const stream = reflect(address);
  stream.write(request);
  const [answer] = (await once(stream, 'data')) as [Reflected];
  stream.end();
  await once(stream, 'end');
  return answer;
}

describe('reflection', () => {
  test('the public services and health are listed, and the services between nodes are not', async () => {
    const { listServicesResponse } = await ask(cluster.addresses[0]!, { listServices: '*' });
    const names = listServicesResponse?.service.map(({ name }) => name).sort();
    expect(names).toEqual(['grpc.health.v1.Health', 'kv.v1.Cluster', 'kv.v1.KeyValue']);
  });

  test('a client that only uses reflection writes and reads a key', async () => {
    const address = cluster.addresses[0]!;
    const { fileDescriptorResponse } = await ask(address, { fileContainingSymbol: 'kv.v1.KeyValue' });
    const file = fileDescriptorResponse!.fileDescriptorProto.map((bytes) => descriptor.FileDescriptorProto.decode(bytes));
    const root = (protobuf.Root as unknown as { fromDescriptor(set: object): protobuf.Root }).fromDescriptor({ file });
    const call = (method: string, request: object) =>
      new Promise<object>((resolve, reject) => {
        const { requestType, responseType } = root.lookupService('kv.v1.KeyValue').methods[method]!;
        clientOf(address).makeUnaryRequest(
          `/kv.v1.KeyValue/${method}`,
          (message: object) => Buffer.from(root.lookupType(requestType).encode(message).finish()),
          (bytes: Buffer) => root.lookupType(responseType).decode(bytes).toJSON(),
          request,
          (error, response) => (error === null ? resolve(response!) : reject(error)),
        );
      });
    await call('Put', { key: 'reflected', value: Buffer.from('seen') });
    expect(await call('Get', { key: 'reflected' })).toMatchObject({ found: true, value: 'c2Vlbg==' });
  });

  test('unknown names, and names of built-in JavaScript properties, are not found', async () => {
    for (const symbol of ['kv.internal.v1.Replication', 'kv.v1.Nothing'])
      expect(await ask(cluster.addresses[0]!, { fileContainingSymbol: symbol })).toMatchObject({
        errorResponse: { errorCode: 5 },
      });
    const odd = await ask(cluster.addresses[0]!, { fileContainingSymbol: 'constructor' });
    expect(odd.listServicesResponse).toBeUndefined();
  });

  test('the node stops reading from a client that reads no answers, and keeps serving', async () => {
    const node = cluster.nodes[0]!;
    const stream = reflect(node.address);
    stream.on('error', () => {});
    // An answer is about three times as large as its request: all answers together would be about 800 MiB.
    const request = { host: 'h'.repeat(64 * 1024), fileContainingSymbol: 'kv.v1.KeyValue' };
    stream.write(request);
    await once(stream, 'data');
    stream.pause();
    const before = await residentBytes(node.address);
    let blocked = false;
    for (let sent = 0; sent < 5_000 && !blocked; sent += 1) {
      if (stream.write(request)) continue;
      blocked = await Promise.race([once(stream, 'drain').then(() => false), isStillAfter(2_000)]);
    }
    expect(blocked).toBe(true);
    expect((await residentBytes(node.address)) - before).toBeLessThan(200 * 1024 * 1024);
    expect(await check(node.address, '')).toBe('SERVING');
    stream.cancel();
  });
});

async function isStillAfter(ms: number): Promise<true> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return true;
}

async function residentBytes(address: string): Promise<number> {
  const client = await cluster.connect();
  try {
    return (await client.nodeStatus(address)).memoryBytes;
  } finally {
    await client.close();
  }
}
