/**
 * The goal about many elections at once: a node of three with 256 shards is killed, and each shard of which it was
 * primary must acknowledge a write elsewhere. Measures the first, the median and the last shard of each kill.
 */
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { sharesOf } from '../../local/ring.js';
import { orAborted } from '../../local/steps.js';
import type { KvClient } from '../../src/client/index.js';
import { shardOfKey } from '../../src/placement/index.js';
import { spreadOf, spreadText } from '../peers/summary.js';
import type { Goal, GoalOutcome, GoalRun } from './goal.js';
import { startSettledCluster, untilSettled } from './settled-cluster.js';

const shardCount = 256;
const wantedMedianMs = 1_500;
const putDeadlineMs = 500;
const giveUpMs = 60_000;

interface ShardFailover {
  readonly led: number;
  readonly firstMs: number;
  readonly medianMs: number;
  readonly lastMs: number;
}

export const shardFailover: Goal = {
  name: 'shard-failover',
  async measure(run) {
    const all: ShardFailover[] = [];
    await using cluster = await startSettledCluster({ shards: shardCount });
    await using client = await cluster.connect();
    await orAborted(killRepeatedly(cluster, client, run, all), run.signal);
    return outcomesOf(all);
  },
};

async function killRepeatedly(cluster: LocalCluster, client: KvClient, { rounds, print }: GoalRun, all: ShardFailover[]) {
  for (let round = 1; round <= rounds; round += 1) {
    await untilSettled(cluster);
    const topology = await cluster.topology();
    const most = sharesOf(topology).sort((one, other) => other.primaryOf - one.primaryOf)[0]!;
    const victim = cluster.nodes.find(({ id }) => id === most.nodeId)!;
    const led = topology.shards.filter(({ primaryNodeId }) => primaryNodeId === victim.id).map(({ shard }) => shard);
    const found = await killAndWrite(client, victim, led);
    all.push(found);
    const { firstMs, medianMs, lastMs } = found;
    print(`kill ${round}: ${led.length} shards, first ${firstMs} ms, median ${medianMs} ms, last ${lastMs} ms`);
    await cluster.restart(victim);
  }
}

async function killAndWrite(client: KvClient, victim: NodeProcess, led: readonly number[]): Promise<ShardFailover> {
  const keys = led.map(keyIn);
  await Promise.all(keys.map((key) => client.put(key, 'before')));
  const killedAtMs = performance.now();
  const killed = victim.kill();
  const times = await Promise.all(keys.map((key) => untilAcknowledged(client, key, victim.id, killedAtMs)));
  await killed;
  const sorted = times.map(Math.round).sort((one, other) => one - other);
  return { led: led.length, firstMs: sorted[0]!, medianMs: sorted[sorted.length >> 1]!, lastMs: sorted.at(-1)! };
}

/** An answer that the victim sent before its end may still arrive after it, so the writer must be another node. */
async function untilAcknowledged(client: KvClient, key: string, victimId: string, killedAtMs: number): Promise<number> {
  for (;;) {
    const nodeId = await client.put(key, 'after', { deadlineMs: putDeadlineMs }).then(
      (answer) => answer.nodeId,
      () => undefined,
    );
    const tookMs = performance.now() - killedAtMs;
    if (nodeId !== undefined && nodeId !== victimId) return tookMs;
    if (tookMs > giveUpMs) throw new Error(`${key}: no write was acknowledged within ${giveUpMs} ms of the kill`);
  }
}

function keyIn(shard: number): string {
  for (let number = 0; ; number += 1) if (shardOfKey(`key:${number}`, shardCount) === shard) return `key:${number}`;
}

function outcomesOf(all: readonly ShardFailover[]): GoalOutcome[] {
  const spreads = (['first', 'median', 'last'] as const).map((which) => {
    return { which, spread: spreadOf(all.map((one) => one[`${which}Ms`]))! };
  });
  return spreads.map(({ which, spread }) => ({
    what: `SIGKILL of a node of 3 that leads a third of ${shardCount} shards: ${which} shard to acknowledge a write`,
    wanted: which === 'median' ? `at most ${wantedMedianMs} ms` : '',
    found: `${spreadText(spread, 0)} ms`,
    reached: which !== 'median' || spread.median <= wantedMedianMs,
    figures: { kills: all.length, medianMs: spread.median, lowestMs: spread.lowest, highestMs: spread.highest },
  }));
}
