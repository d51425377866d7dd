/**
 * Stops the primary by SIGTERM repeatedly under a steady load. Measures the time without an acknowledged write, the
 * failed calls, and the parts of the handover, which come from the logs of both nodes.
 */
import type { LocalCluster } from '../../local/local-cluster.js';
import type { NodeProcess } from '../../local/node-process.js';
import { orAborted } from '../../local/steps.js';
import { LogMoments } from './log-moments.js';
import { startSettledCluster, untilSettled } from './settled-cluster.js';
import { SteadyWriter } from './steady-writer.js';
import type { TimingProfile } from './timing-profiles.js';

export interface HandoverTimes {
  /** The longest time without an acknowledged write from the signal until the old primary has ended. */
  readonly gapMs: number;
  /** The number of calls that failed in that time, after every retry of the client. */
  readonly failedCalls: number;
  /**
   * The time from the start of the handover until the successor is primary: it is drained, written, and read by the
   * successor.
   */
  readonly handingOverMs: number;
  /** The time until the successor serves. */
  readonly takeoverMs: number;
}

export interface HandoverPlan {
  readonly profile: TimingProfile;
  readonly handovers: number;
  readonly signal: AbortSignal;
  readonly onHandover: (times: HandoverTimes, number: number) => void;
}

const nodeCount = 3;
const writesBetween = 200;

export async function measureHandovers({ profile, handovers, signal, onHandover }: HandoverPlan): Promise<HandoverTimes[]> {
  const all: HandoverTimes[] = [];
  await using cluster = await startSettledCluster({ nodes: nodeCount, extra: profile.words });
  await using client = await cluster.connect();
  const writer = new SteadyWriter(client);
  const body = async (): Promise<void> => {
    for (let number = 1; number <= handovers; number += 1) {
      await writer.writes(writesBetween);
      const leaving = await cluster.primary();
      const times = await handOver(cluster, leaving, writer);
      all.push(times);
      onHandover(times, number);
      await cluster.restart(leaving);
      await untilSettled(cluster);
    }
    await writer.stop();
  };
  await orAborted(body(), signal);
  return all;
}

async function handOver(cluster: LocalCluster, leaving: NodeProcess, writer: SteadyWriter): Promise<HandoverTimes> {
  const moments = new LogMoments(cluster.nodes);
  const failedBefore = writer.failed;
  writer.takeLongestGapMs();
  const served = writer.next(({ nodeId }) => nodeId !== leaving.id);
  const { code } = await leaving.stop();
  if (code !== 0) throw new Error(`the planned stop of ${leaving.id} ended with exit code ${code}:\n${leaving.log.tail()}`);
  const { nodeId } = await served;
  await writer.writes(writesBetween);
  const gapMs = writer.takeLongestGapMs();
  const failedCalls = writer.failed - failedBefore;
  const beganAtMs = await moments.of(leaving.id, ({ msg }) => msg === 'handing over');
  const namedAtMs = await moments.of(nodeId, ({ msg, role }) => msg === 'role changed' && role === 'primary');
  const servesAtMs = await moments.of(nodeId, ({ msg }) => msg === 'serving');
  return { gapMs, failedCalls, handingOverMs: namedAtMs - beganAtMs, takeoverMs: servesAtMs - namedAtMs };
}
