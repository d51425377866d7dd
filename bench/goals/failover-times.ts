/**
 * Kills the primary repeatedly under a steady load, and measures the parts of the time until its successor
 * acknowledges a write. The parts come from the successor's log, whose clock is the clock of this machine.
 */
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { orAborted } from '../../local/steps.js';
import { LogMoments } from './log-moments.js';
import { startSettledCluster, untilSettled } from './settled-cluster.js';
import { SteadyWriter } from './steady-writer.js';
import type { TimingProfile } from './timing-profiles.js';

export interface FailoverTimes {
  /** The time from just before the kill to the first write that another node acknowledged. */
  readonly totalMs: number;
  /** The time until the successor claims: the rest of grace, and up to a tick. */
  readonly detectionMs: number;
  /** The time of the compare-and-set in ZooKeeper. */
  readonly claimMs: number;
  /** The time until the new primary serves: the other backup has followed, and the inherited entries are committed. */
  readonly takeoverMs: number;
  /** The time from there to the acknowledgement: the client learns of the new primary, and writes. */
  readonly clientMs: number;
}

export interface KillPlan {
  readonly profile: TimingProfile;
  readonly kills: number;
  readonly signal: AbortSignal;
  readonly onFailover: (times: FailoverTimes, number: number) => void;
}

const nodeCount = 3;
const writesBetweenKills = 200;

export async function measureFailovers({ profile, kills, signal, onFailover }: KillPlan): Promise<FailoverTimes[]> {
  const all: FailoverTimes[] = [];
  await using cluster = await startSettledCluster({ nodes: nodeCount, extra: profile.words });
  await using client = await cluster.connect();
  const writer = new SteadyWriter(client);
  const body = async (): Promise<void> => {
    for (let number = 1; number <= kills; number += 1) {
      await writer.writes(writesBetweenKills);
      const victim = await cluster.primary();
      const times = await killAndWait(cluster, victim, writer);
      all.push(times);
      onFailover(times, number);
      await cluster.restart(victim);
      await untilSettled(cluster);
    }
    await writer.stop();
  };
  await orAborted(body(), signal);
  return all;
}

async function killAndWait(cluster: LocalCluster, victim: NodeProcess, writer: SteadyWriter): Promise<FailoverTimes> {
  const moments = new LogMoments(cluster.nodes);
  // An answer that the victim gave before its end may still be read after it.
  const served = writer.next(({ nodeId }) => nodeId !== victim.id);
  const killedAtMs = performance.now();
  const killed = victim.kill();
  const { atMs, nodeId } = await served;
  await killed;
  const claimedAtMs = await moments.of(nodeId, ({ msg, role }) => msg === 'role changed' && role === 'claimant');
  const namedAtMs = await moments.of(nodeId, ({ msg, role }) => msg === 'role changed' && role === 'primary');
  const servesAtMs = await moments.of(nodeId, ({ msg }) => msg === 'serving');
  return {
    totalMs: atMs - killedAtMs,
    detectionMs: claimedAtMs - killedAtMs,
    claimMs: namedAtMs - claimedAtMs,
    takeoverMs: servesAtMs - namedAtMs,
    clientMs: atMs - servesAtMs,
  };
}
