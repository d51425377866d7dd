import { Client, credentials, Metadata, Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import { clusterService, keyValueService } from '../../wire/contract/client-contract.js';
import { fromStatus, toStatus } from '../../wire/contract/grpc-status.js';
import { forwardRequest } from '../operations/forward-request.js';
import { Forwarder } from '../operations/forwarder.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { ClusterGate } from './cluster-gate.js';
import { grpcServices } from './endpoints.js';

const { Get, Put } = keyValueService;
const { WatchTopology } = clusterService;

let server: Server;
let client: Client;
let address: string;
let lines: { refused: number; reason: string }[];
let executed: string[];

beforeEach(async () => {
  lines = [];
  executed = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const gate = new ClusterGate({ nodeId: 'a', clusterId: 'one', logger });
  const run = (name: string, result: (callback: (error: object | null, response?: object) => void) => void) =>
    ((_call: unknown, callback: () => void) => {
      executed.push(name);
      result(callback);
    }) as never;
  server = new Server();
  server.addService(
    keyValueService,
    gate.guard(keyValueService, {
      Get: run('Get', (callback) => callback(null, { found: false, value: Buffer.alloc(0), version: 0, nodeId: 'a' })),
      Put: run('Put', (callback) => callback(toStatus(new KvError('PAUSED', 'wait')))),
      Delete: run('Delete', (callback) => callback(null, {})),
      Pipeline: ((call: { end(): void }) => {
        executed.push('Pipeline');
        call.end();
      }) as never,
    }),
  );
  server.addService(
    clusterService,
    gate.guard(clusterService, {
      WatchTopology: ((call: { end(): void }) => {
        executed.push('WatchTopology');
        call.end();
      }) as never,
    }),
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  address = `127.0.0.1:${port}`;
  client = new Client(address, credentials.createInsecure());
});

afterEach(() => {
  client.close();
  server.forceShutdown();
});

function naming(...clusters: string[]): Metadata {
  const metadata = new Metadata();
  for (const cluster of clusters) metadata.add('kv-cluster', cluster);
  return metadata;
}

interface Answer {
  readonly error: ServiceError | null;
  readonly initial: readonly unknown[] | undefined;
}

function call(method: typeof Get, metadata: Metadata): Promise<Answer> {
  const { path, requestSerialize, responseDeserialize } = method!;
  return new Promise((resolve) => {
    let initial: readonly unknown[] | undefined;
    client
      .makeUnaryRequest(path, requestSerialize, responseDeserialize, { key: 'k' }, metadata, (error) =>
        resolve({ error, initial }),
      )
      .on('metadata', (metadata: Metadata) => {
        initial = metadata.get('kv-cluster');
      });
  });
}

test('a request that names no cluster, or the right one, is served, and the answer names the cluster', async () => {
  for (const metadata of [naming(), naming('one')]) expect(await call(Get, metadata)).toEqual({ error: null, initial: ['one'] });
  expect(executed).toEqual(['Get', 'Get']);
});

test('an error names the cluster in its trailers, without initial metadata, which would end the retries of a plain client', async () => {
  const { error, initial } = await call(Put, naming('one'));
  expect(error?.metadata.getMap()).toMatchObject({ 'kv-code': 'PAUSED', 'kv-cluster': 'one' });
  expect(initial).toBeUndefined();
  expect(fromStatus(error!).clusterId).toBeUndefined();
});

test.each([[['other']], [['']], [['one', 'other']]])('%j is refused, and nothing is executed', async (clusters) => {
  for (const method of [Get, Put]) {
    const { error } = await call(method, naming(...clusters));
    expect(error?.code).toBe(status.FAILED_PRECONDITION);
    expect(fromStatus(error!)).toMatchObject({ code: 'WRONG_CLUSTER', executed: 'no', retryable: false, clusterId: 'one' });
  }
  expect(executed).toEqual([]);
});

test('a stream is refused when it opens, or gets the name of the cluster at once', async () => {
  const { path, requestSerialize, responseDeserialize } = WatchTopology!;
  const open = (metadata: Metadata) =>
    client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {}, metadata).resume();
  const refused = await new Promise<ServiceError>((resolve) => open(naming('other')).on('error', resolve));
  expect(fromStatus(refused)).toMatchObject({ code: 'WRONG_CLUSTER', executed: 'no', clusterId: 'one' });
  expect(executed).toEqual([]);
  const metadata = await new Promise<Metadata>((resolve) => open(naming('one')).on('metadata', resolve));
  expect(metadata.get('kv-cluster')).toEqual(['one']);
});

test('many refusals are one line of the log', async () => {
  for (let times = 0; times < 5; times++) await call(Get, naming('x'.repeat(1_000)));
  expect(lines).toMatchObject([{ refused: 1, reason: expect.stringMatching(/^node a belongs to cluster one.*x{64}\.\.\.;/) }]);
});

test('guards every method of every service', () => {
  const gate = new ClusterGate({ nodeId: 'a', clusterId: 'one', logger: pino({ level: 'silent' }) });
  for (const definition of Object.values(grpcServices))
    for (const [name, { path }] of Object.entries(definition)) {
      let isCalled = false;
      const guarded = gate.guard(definition, { [name]: () => (isCalled = true) } as never)[name]! as (
        ...words: unknown[]
      ) => void;
      let refused: { details?: string } = {};
      const emit = (_: string, refusal: object) => (refused = refusal);
      guarded({ metadata: naming('other'), getPeer: () => 'x', emit }, (refusal: object) => (refused = refusal));
      expect([path, isCalled, refused.details]).toEqual([path, false, expect.stringContaining('belongs to cluster one')]);
    }
});

test('a forwarded request names its cluster; if a node of another one has the address, the primary cannot be reached', async () => {
  const learned: (string | undefined)[] = [];
  const directory = {
    primaryElsewhere: () => address,
    awaited: () => undefined,
    learnPrimary: (_shard: number, _asked: string, failure: KvError | undefined) => learned.push(failure?.code),
  } as unknown as ShardDirectory;
  for (const [clusterId, outcome] of [
    ['one', undefined],
    ['other', 'NO_PRIMARY'],
  ] as const) {
    const forwarder = new Forwarder(clusterId);
    const passedOn = forwardRequest({ directory, forwarder }, 0, Get as never, { key: 'k' }, 5_000).then(
      () => undefined,
      (error: unknown) => error as KvError,
    );
    const error = await passedOn;
    expect([error?.code, learned.at(-1)]).toEqual([outcome, outcome]);
    if (error !== undefined) {
      expect(error).toMatchObject({ executed: 'no', retryable: true, message: expect.stringContaining('another cluster (one)') });
    }
    forwarder.close();
  }
  expect(executed).toEqual(['Get']);
});
