/**
 * Requests that a shard has forgotten, or must not forget (R16). With many shards the part of each is small, so a client that was idle
 * may name a position from before what its shard remembers, and a client with many writes in flight needs more than that part.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import type { ShardPosition } from '../../src/errors.js';
import { KvClient, KvError } from '../../src/index.js';
import { startCluster } from '../cluster/support/cluster.js';
import { callPlainly, PlainCaller, refusalOf } from '../cluster/support/plain-grpc.js';

const shards = 300;
/** With as little memory as is useful for so many shards, the requests of all shards may take 8 MiB, and those of each its part. */
const memory = ['--max-memory', '512MiB'];
/** A busy machine would take members out of the sets of so many shards, and move primaries, only because they are slow. */
const patientTimes = ['--lease-ms', '3000', '--grace-ms', '3750', '--session-ms', '8000'];
const deadlineMs = 60_000;
/** The answer to a request keeps a value of this size, so that a few requests use up the memory for all. */
const largeBytes = 1024 * 1024;
/** A shard that has not forgotten after so many requests remembers too much. */
const mostRequests = 1_000;
const patienceMs = 120_000;
const lookAgainMs = 100;

let cluster: LocalCluster;
beforeAll(async () => {
  const extra = [...memory, ...patientTimes, '--http-port', '0'];
  cluster = await startCluster({ shards, extra, waitForInSync: false });
  await cluster.waitForInSync(3, patienceMs);
}, 2 * patienceMs);
afterAll(() => cluster.kill());

/** The number of these answers that all nodes have given. */
async function answered(labels: string): Promise<number> {
  const texts = await Promise.all(
    cluster.nodes.map(async ({ httpAddress }) => (await fetch(`http://${httpAddress}/metrics`)).text()),
  );
  const samples = texts.flatMap((text) => text.match(new RegExp(`^kvnode_operations_total\\{${labels}\\} \\d+$`, 'gm')) ?? []);
  return samples.reduce((sum, sample) => sum + Number(sample.split(' ').at(-1)), 0);
}

/** Writes to the shard of the key, each time as another client, until it refuses requests that name this position. */
async function outdate(node: NodeProcess, key: string, old: ShardPosition): Promise<void> {
  using caller = new PlainCaller(node);
  for (let count = 1; count <= mostRequests; count++) {
    const request = { client: `other-client-${count}`, number: 1, lowest: 1, firstAttempt: true };
    const large = { key: `{${key}}:large`, value: Buffer.alloc(largeBytes) };
    const refusal = await caller.call('GetAndSet', { ...large, request, position: old }).catch(refusalOf);
    if (Array.isArray(refusal)) return expect(refusal).toEqual(['REQUEST_TOO_OLD', 'no', expect.any(String)]);
  }
  throw new Error(`after ${mostRequests} requests none is forgotten`);
}

test(
  'many writes in flight on one shard, sent again after a SIGKILL: none is executed twice, and none waits for ever',
  async () => {
    const writes = 4_000;
    const keys = Array.from({ length: 16 }, (_, index) => `{hot}:${index}`);
    await using client = await cluster.connect();
    const { holders } = await client.locate(keys[0]!);
    const victim = cluster.nodes.find(({ id }) => id === holders[0]?.nodeId)!;
    const sums = new Map(keys.map((key): [string, string[]] => [key, []]));
    const errors: KvError[] = [];
    let settled = 0;
    let killed: Promise<void> | undefined;
    await Promise.all(
      Array.from({ length: writes }, async (_, index) => {
        const key = keys[index % keys.length]!;
        try {
          sums.get(key)!.push((await client.increment(key, { deadlineMs })).value);
        } catch (error) {
          errors.push(error as KvError);
        }
        settled += 1;
        if (settled === writes / 8) killed = victim.kill();
      }),
    );
    await killed;
    expect(
      errors.map((error) => (error instanceof KvError ? `${error.code} ${error.executed}: ${error.message}` : error)),
    ).toEqual([]);
    for (const values of sums.values()) expect(values.map(Number).sort((a, b) => a - b)).toEqual(values.map((_, at) => at + 1));
    expect(await client.increment(keys[0]!)).toMatchObject({ value: String(writes / keys.length + 1) });
    await cluster.restart(victim);
    await cluster.waitForInSync(3, patienceMs);
  },
  3 * patienceMs,
);

/** Each adds one to what the key has, and answers with the sum. */
const increment = async (client: KvClient, key: string) => Number((await client.increment(key)).value);
const append = async (client: KvClient, key: string) => (await client.append(key, '.')).valueBytes;

test.each([
  ['frames', {}, increment, 'api="pipeline",method="increment"'],
  ['gRPC', { transport: 'grpc' }, append, 'api="pipeline",method="append"'],
  ['unary', { api: 'unary' }, increment, 'api="unary",method="increment"'],
] as const)('a client that was idle while its shard forgot goes on by itself: by %s', async (way, options, add, labels) => {
  const key = `idle-${way}`;
  await using client = await KvClient.connect({ nodes: cluster.addresses, deadlineMs, ...options });
  expect(await add(client, key)).toBe(1);
  // A report of a change of the shard brings the client a newer position, which is not too old: so there are several rounds.
  for (const sum of [2, 3, 4]) {
    const { position } = await callPlainly(cluster.nodes[0]!, 'Get', { key });
    await outdate(cluster.nodes[0]!, key, position);
    expect(await add(client, key)).toBe(sum);
  }
  // A node repeats its metrics for up to a second.
  while ((await answered(`${labels},code="REQUEST_TOO_OLD"`)) === 0) await pause(lookAgainMs);
});
