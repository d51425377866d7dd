/**
 * Walks through the promises of the README about many shards: it shows the share of each node, a fourth node joins and
 * takes its share, a node dies and its shards are copied to nodes that did not hold them. Afterwards every key must be
 * there.
 */
import type { KvClient } from '../src/client/index.js';
import type { Topology } from '../src/wire/contract/kv-api.js';
import { readBack, type Written } from './failover-walkthrough.js';
import type { LocalCluster } from './local-cluster.js';
import type { NodeProcess } from './node-process.js';
import { isAsPlaced, type Movement, movementBetween, percent, sharesOf } from './ring.js';
import type { StepRunner } from './steps.js';

export interface RingReport {
  readonly joined: Movement;
  readonly joinMs: number;
  readonly replaced: Movement;
  readonly replaceMs: number;
}

/** Limits each wait. A dead node is detected after its session, and its shards are copied some time later. */
const patienceMs = 120_000;

export async function ringWalkthrough(
  cluster: LocalCluster,
  client: KvClient,
  written: Written,
  { step, print }: StepRunner,
): Promise<RingReport> {
  const before = await step('look at the ring', () => settled(cluster, () => true));
  for (const line of await describe(cluster, before)) print(line);

  const joined = await step('start one more node', async () => {
    const startMs = performance.now();
    const node = await cluster.addNode();
    const isIn = (topology: Topology) => sharesOf(topology).some(({ nodeId, shards }) => nodeId === node.id && shards > 0);
    const topology = await settled(cluster, isIn);
    return { topology, joinMs: Math.round(performance.now() - startMs) };
  });
  const growth = movementBetween(before, joined.topology);
  const ideal = percent(1, joined.topology.nodes.length);
  print(`${growth.moved} of ${growth.copies} copies moved (${percent(growth.moved, growth.copies)}; its share is ${ideal})`);
  for (const line of await describe(cluster, joined.topology)) print(line);

  const victim = victimOf(cluster);
  const after = await step('kill a node with SIGKILL, and let its shards be copied', async () => {
    const startMs = performance.now();
    await victim.kill();
    const isOut = ({ shards }: Topology) => shards.every(({ placedNodeIds }) => !placedNodeIds.includes(victim.id));
    const topology = await settled(cluster, isOut);
    return { topology, replaceMs: Math.round(performance.now() - startMs) };
  });
  const replaced = movementBetween(joined.topology, after.topology);
  print(`${victim.id} is gone; ${replaced.moved} copies were made anew on other nodes, in ${after.replaceMs} ms`);
  for (const line of await describe(cluster, after.topology)) print(line);

  const kept = await step('read every key once more', () => readBack(client, written));
  print(`${kept} keys read, nothing lost`);
  return { joined: growth, joinMs: joined.joinMs, replaced, replaceMs: after.replaceMs };
}

function settled(cluster: LocalCluster, holds: (topology: Topology) => boolean): Promise<Topology> {
  return cluster.waitUntil(
    'every shard is where it is placed',
    (topology) => isAsPlaced(topology) && holds(topology),
    patienceMs,
  );
}

/** Chooses a node other than the one that has just joined. */
function victimOf(cluster: LocalCluster): NodeProcess {
  const victim = cluster.nodes.find((node) => node.running);
  if (victim === undefined) throw new Error('no node is running');
  return victim;
}

async function describe(cluster: LocalCluster, topology: Topology): Promise<string[]> {
  const keys = new Map((await cluster.statuses()).map((status) => [status.nodeId, status.keys]));
  return sharesOf(topology).map(
    ({ nodeId, shards, primaryOf }) =>
      `${nodeId} holds ${shards} shards, ${primaryOf} of them as primary, with ${keys.get(nodeId) ?? 'unknown'} keys`,
  );
}
