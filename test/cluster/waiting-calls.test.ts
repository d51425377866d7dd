/**
 * Callers without a retry loop: plain gRPC with messages by the proto file and a stock balancer, and HTTP. The node that they
 * reach tries again for them.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Client, credentials, Metadata, type ServiceDefinition, type ServiceError, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { startCluster } from './support/cluster.js';

const shards = 4;
const deadlineMs = 30_000;
const restMs = 2;
const workers = 8;
const extra = ['--http-port', '0', '--session-ms', '4000'];

const file = new URL('../../proto/kv/v1/kv.proto', import.meta.url).pathname;
const definitions = loadSync(file, { longs: Number, defaults: true, oneofs: true });
const keyValue = definitions['kv.v1.KeyValue'] as ServiceDefinition;

interface Call {
  readonly kind: 'get' | 'put' | 'increment';
  readonly key: string;
  readonly value: string;
}

/** What a caller learns of a call that failed, such as `put OUTCOME_UNKNOWN unknown`. Undefined: it was served. */
type Send = (call: Call) => Promise<string | undefined>;

const rpcs = { get: 'Get', put: 'Put', increment: 'Increment' } as const;

function overGrpc(client: Client, metadata = new Metadata()): Send {
  return ({ kind, key, value }) => {
    const { path, requestSerialize, responseDeserialize } = keyValue[rpcs[kind]]!;
    const request = kind === 'put' ? { key, value: Buffer.from(value) } : { key };
    const options = { deadline: Date.now() + deadlineMs };
    return new Promise((resolve) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, (error) =>
        resolve(error === null ? undefined : `${kind} ${textOf(error)}`),
      );
    });
  };
}

function textOf({ code, metadata, details }: ServiceError): string {
  return `${metadata?.get('kv-code')[0] ?? status[code]} ${metadata?.get('kv-executed')[0] ?? 'unknown'}: ${details}`;
}

/** Requests to one node. */
function overHttp(node: NodeProcess, headers: Record<string, string> = {}): Send {
  return async ({ kind, key, value }) => {
    const url = `http://${node.httpAddress}/api/kv/${encodeURIComponent(key)}`;
    const answer =
      kind === 'increment'
        ? await fetch(`${url}/increment`, { headers, method: 'POST' })
        : await fetch(url, kind === 'get' ? { headers } : { headers, method: 'PUT', body: value });
    const body = await answer.text();
    return answer.ok || answer.status === 404 ? undefined : `${kind} ${answer.status} ${body}`;
  };
}

function stockClient(addresses: readonly string[]): Client {
  return new Client(`ipv4:${addresses.join(',')}`, credentials.createInsecure(), {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  });
}

/** Calls without pause between the changes of a test: none is retried, and every failure is recorded. */
class Calls {
  readonly failures: string[] = [];
  /** By key of a counter: how many increments were served. */
  readonly counted = new Map<string, number>();
  #served = 0;
  #stopping = false;
  readonly #running: Promise<void>[];

  constructor(send: Send) {
    this.#running = Array.from({ length: workers }, (_, worker) => this.#work(send, worker));
  }

  /** Waits until this many more calls were served. */
  async served(count: number): Promise<void> {
    for (const goal = this.#served + count; this.#served < goal; ) await pause(restMs);
  }

  async stop(): Promise<string[]> {
    this.#stopping = true;
    await Promise.all(this.#running);
    return this.failures;
  }

  async #work(send: Send, worker: number): Promise<void> {
    for (let turn = 0; !this.#stopping; turn++) {
      const kind = (['put', 'get', 'increment'] as const)[turn % 3]!;
      const number = (worker * 31 + turn) % 64;
      const key = kind === 'increment' ? `counter ${number}` : `k${number}`;
      const failure = await send({ kind, key, value: `${turn}` });
      if (failure === undefined) this.#served++;
      else this.failures.push(failure);
      if (kind === 'increment' && failure === undefined) this.counted.set(key, (this.counted.get(key) ?? 0) + 1);
      await pause(restMs);
    }
  }
}

/** Waits until the node keeps this many calls. */
async function keptCalls(node: NodeProcess, count: number): Promise<void> {
  for (let metrics = ''; !metrics.includes(`kvnode_kept_calls ${count}\n`); await pause(restMs))
    metrics = await (await fetch(`http://${node.httpAddress}/metrics`)).text();
}

async function restart(cluster: LocalCluster, node: NodeProcess): Promise<void> {
  await cluster.restart(node);
  await cluster.waitForInSync(cluster.nodes.length);
}

test('a planned stop and a restart of every node fails no call over gRPC', async () => {
  await using cluster = await startCluster({ shards, extra });
  const client = stockClient(cluster.addresses);
  const calls = new Calls(overGrpc(client));
  for (const node of [...cluster.nodes]) {
    await calls.served(200);
    expect(await node.stop()).toEqual({ code: 0, signal: null });
    await calls.served(200);
    await restart(cluster, node);
  }
  await calls.served(200);
  expect(await calls.stop()).toEqual([]);
  client.close();
});

test('a planned stop of every other node fails no request over HTTP, and neither do the moves after it', async () => {
  await using cluster = await startCluster({ shards, extra });
  const [asked, ...others] = cluster.nodes as [NodeProcess, ...NodeProcess[]];
  const calls = new Calls(overHttp(asked));
  for (const node of others) {
    await calls.served(100);
    expect(await node.stop()).toEqual({ code: 0, signal: null });
    await calls.served(100);
    await restart(cluster, node);
  }
  await cluster.addNode();
  await cluster.waitUntil('the new node is a primary', ({ nodes, shards: all }) => {
    const added = nodes.at(-1)?.id;
    return nodes.length === 4 && all.some(({ primaryNodeId }) => primaryNodeId === added);
  });
  await calls.served(100);
  expect(await calls.stop()).toEqual([]);
});

test('SIGKILL of another node fails no call, and every increment is executed once', async () => {
  await using cluster = await startCluster({ shards, extra });
  const [asked, ...others] = cluster.nodes as [NodeProcess, ...NodeProcess[]];
  const client = stockClient([asked.address]);
  const all = [new Calls(overGrpc(client)), new Calls(overHttp(asked))];
  for (const victim of others) {
    await Promise.all(all.map((calls) => calls.served(100)));
    await victim.kill();
    await Promise.all(all.map((calls) => calls.served(200)));
    await restart(cluster, victim);
  }
  expect((await Promise.all(all.map((calls) => calls.stop()))).flat()).toEqual([]);
  const expected = new Map<string, number>();
  for (const { counted } of all) for (const [key, count] of counted) expected.set(key, (expected.get(key) ?? 0) + count);
  for (const [key, count] of expected) {
    const answer = await fetch(`http://${asked.httpAddress}/api/kv/${encodeURIComponent(key)}`);
    expect([key, await answer.text()]).toEqual([key, String(count)]);
  }
  client.close();
});

test('with kv-wait: no a call for a shard without a primary is refused at once, and another one waits', async () => {
  // Until another node takes over there is time for the calls below.
  const patient = ['--http-port', '0', '--lease-ms', '5000', '--grace-ms', '6000', '--session-ms', '15000'];
  await using cluster = await startCluster({ extra: patient });
  const key = 'k';
  const primary = await cluster.primary();
  const asked = await cluster.backup();
  const client = stockClient([asked.address]);
  const put = { kind: 'put', key, value: 'v' } as const;
  const impatient = new Metadata();
  impatient.set('kv-wait', 'no');
  await primary.kill();
  // An attempt on a broken connection may have an unknown outcome.
  await overGrpc(client, impatient)({ ...put, kind: 'get' });
  const abort = new AbortController();
  const givenUp = fetch(`http://${asked.httpAddress}/api/kv/${key}`, { method: 'PUT', body: 'given up', signal: abort.signal });
  await keptCalls(asked, 1);
  abort.abort();
  await expect(givenUp).rejects.toThrow();
  await keptCalls(asked, 0);
  const waiting = overGrpc(client)(put);
  expect(await overGrpc(client, impatient)(put)).toMatch(/^put NO_PRIMARY no/);
  expect(await overHttp(asked, { 'kv-wait': 'no' })(put)).toMatch(/^put 503 .*NO_PRIMARY/);
  expect(await waiting).toBeUndefined();
  client.close();
});
