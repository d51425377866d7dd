/**
 * Walks through the promises of the README: write, kill the primary, wait for its successor, read everything back,
 * restart the killed node and wait until it is in sync. The demo and a cluster test both run these steps.
 */
import type { KvClient } from '../src/client/index.js';
import { shardOfKey } from '../src/placement/index.js';
import type { LocalCluster } from './local-cluster.js';
import type { NodeProcess } from './node-process.js';
import type { StepRunner } from './steps.js';

/** The acknowledged writes, by key. */
export type Written = ReadonlyMap<string, { readonly value: string; readonly version: number }>;

export interface Failover {
  readonly killed: NodeProcess;
  readonly successorId: string;
  /** The time from the kill to the first acknowledged write. */
  readonly failoverMs: number;
  readonly epochBefore: number;
  readonly epochAfter: number;
}

export interface Rejoin {
  readonly node: NodeProcess;
  /** The time from the start of the process until it is in sync. */
  readonly joinMs: number;
  readonly keys: number;
}

export interface WalkthroughReport {
  readonly written: Written;
  readonly failover: Failover;
  readonly rejoin: Rejoin;
}

const keyCount = 1_000;
const failoverPatienceMs = 30_000;
/**
 * The wait for the log line of the dump. The node logs it before it is in sync, but the line may not have arrived yet.
 */
const dumpLogPatienceMs = 5_000;

export async function failoverWalkthrough(
  cluster: LocalCluster,
  client: KvClient,
  runner: StepRunner,
): Promise<WalkthroughReport> {
  const { step, print } = runner;
  const written = await step(`write ${keyCount} keys through gRPC`, () => writeWalkthroughKeys(client, keyCount));
  const before = await step('read them back', () => readBack(client, written));
  print(`${before} keys read, every value and version as acknowledged`);

  const failover = await step('kill the primary with SIGKILL', () => killPrimary(cluster, client));
  print(`killed ${failover.killed.id}, primary of epoch ${failover.epochBefore}`);
  print(
    `${failover.successorId} took over in epoch ${failover.epochAfter}; first write acknowledged after ${failover.failoverMs} ms`,
  );

  const after = await step('read the old keys from the new primary', () => readBack(client, written));
  print(`${after} keys read, nothing lost`);

  const rejoin = await step('restart the killed node', () => restartNode(cluster, failover.killed));
  print(`${rejoin.node.id} came back empty, took a snapshot of ${rejoin.keys} keys and was in sync after ${rejoin.joinMs} ms`);
  return { written, failover, rejoin };
}

/** Keys `user:1` to `user:<count>`. @throws Error if any write is not acknowledged. */
export async function writeWalkthroughKeys(client: KvClient, count: number): Promise<Written> {
  const values = new Map(Array.from({ length: count }, (_, index) => [`user:${index + 1}`, `value ${index + 1}`]));
  const outcomes = await client.mput([...values].map(([key, value]) => ({ key, value })));
  return new Map(
    outcomes.map((outcome) => {
      if (!outcome.ok) throw new Error(`the write of ${outcome.key} was not acknowledged: ${outcome.error.message}`);
      return [outcome.key, { value: values.get(outcome.key) ?? '', version: outcome.version }];
    }),
  );
}

/** @returns the number of keys read. @throws Error naming the first key that differs from its acknowledged write */
export async function readBack(client: KvClient, written: Written): Promise<number> {
  const keys = [...written.keys()];
  const found = await client.mget(keys);
  keys.forEach((key, index) => {
    const expected = written.get(key);
    const actual = found[index];
    if (actual === undefined)
      throw new Error(`${key} is missing, though its write was acknowledged at version ${expected?.version}`);
    if (actual.value.toString() !== expected?.value || actual.version !== expected.version)
      throw new Error(
        `${key} is at version ${actual.version}, though version ${expected?.version} was acknowledged and nothing written since`,
      );
  });
  return keys.length;
}

/** Kills the primary of the first shard and writes to that shard, which the client does until the write is acknowledged. */
async function killPrimary(cluster: LocalCluster, client: KvClient): Promise<Failover> {
  const killed = await cluster.primary();
  const topologyBefore = await cluster.topology();
  const epochBefore = epochOf(topologyBefore);
  const key = keyInFirstShard(topologyBefore.shards.length);
  const startMs = performance.now();
  const ended = killed.kill();
  const { nodeId: successorId } = await client.put(key, 'written after the kill', { deadlineMs: failoverPatienceMs });
  const failoverMs = Math.round(performance.now() - startMs);
  await ended;
  const topology = await cluster.waitUntil('a new epoch is known', (seen) => epochOf(seen) > epochBefore);
  return { killed, successorId, failoverMs, epochBefore, epochAfter: epochOf(topology) };
}

/** Restarts an ended node on its port and waits until it is in sync by a dump. */
async function restartNode(cluster: LocalCluster, ended: NodeProcess): Promise<Rejoin> {
  const startMs = performance.now();
  const node = await cluster.restart(ended);
  // On a slow machine its shards may have been placed on the others alone meanwhile: then these are in sync before it is.
  const everywhere = cluster.addresses.length;
  await cluster.waitUntil(
    'every node is in sync for every shard',
    ({ shards }) => shards.every(({ replicas }) => replicas.filter(({ live, inSync }) => live && inSync).length === everywhere),
    failoverPatienceMs,
  );
  const joinMs = Math.round(performance.now() - startMs);
  await node.log.waitFor('snapshot received', { timeoutMs: dumpLogPatienceMs });
  const status = (await cluster.statuses()).find(({ nodeId }) => nodeId === node.id);
  return { node, joinMs, keys: status?.keys ?? 0 };
}

function keyInFirstShard(shardCount: number): string {
  for (let attempt = 0; ; attempt += 1) {
    const key = `failover-probe:${attempt}`;
    if (shardOfKey(key, shardCount) === 0) return key;
  }
}

function epochOf({ shards }: { shards: readonly { readonly epoch: number }[] }): number {
  return shards[0]?.epoch ?? 0;
}
