/** Executes one run: finds the nodes, starts the workers, leads them through the stages, and gathers their results. */
import { randomBytes } from 'node:crypto';
import type { WriteStream } from 'node:tty';
import { KvClient, type Topology } from '../src/index.js';
import { sharedNowMs } from './clock.js';
import type { BenchTarget, WorkloadOptions } from './options.js';
import { PrimaryTimeline } from './primaries.js';
import { Progress } from './progress.js';
import { type BenchResult, toResult } from './result.js';
import type { ProgressReport } from './thread-messages.js';
import { type Point, TimeSeries } from './time-series.js';
import { WorkerPool } from './worker-pool.js';

const runIdBytes = 4;

export interface BenchRun {
  readonly result: BenchResult;
  readonly startedAt: Date;
  /** The length of an interval of `points`. */
  readonly intervalMs: number;
  readonly points: readonly Point[];
}

/**
 * @param stop ends the measurement early; the result until then is reported
 * @throws KvError if the cluster cannot be reached.
 */
export async function runBench(
  target: BenchTarget,
  workload: WorkloadOptions,
  out: WriteStream,
  stop: AbortSignal,
): Promise<BenchRun> {
  await using client = await KvClient.connect({ ...target, deadlineMs: workload.deadlineMs });
  const run = randomBytes(runIdBytes).toString('hex');
  const series = new TimeSeries(workload.threads, workload.durationMs);
  let progress: Progress | undefined;
  const onProgress = (thread: number, report: ProgressReport) => {
    series.add(thread, report.intervals, report.openIndex);
    progress?.reported(thread, report);
  };
  const pool = new WorkerPool(workload, run, clusterOf(client.knownTopology!, target), onProgress);
  try {
    const prepared = await pool.all('prepared');
    const timeline = new PrimaryTimeline();
    const startedAtMs = sharedNowMs();
    const startedAt = new Date();
    progress = new Progress(out, timeline, series, workload, startedAtMs);
    watchPrimary(client, timeline, progress);
    progress.start(sharedNowMs);
    pool.tellAll({ kind: 'execute', startedAtMs });
    if (stop.aborted) pool.tellAll({ kind: 'stop' });
    stop.addEventListener('abort', () => pool.tellAll({ kind: 'stop' }));
    const finished = await pool.all('finished').finally(() => progress?.stop());
    const endedAtMs = sharedNowMs();
    for (const [thread, { intervals, openIndex }] of finished.entries()) series.add(thread, intervals, openIndex);
    if (workload.verify) pool.tellAll({ kind: 'verify' });
    const verifications = workload.verify ? (await pool.all('verified')).map(({ result }) => result) : undefined;
    const keysNotPrefilled = prepared.reduce((sum, { failed }) => sum + failed, 0);
    const errorsByThread = finished.map((worker) => worker.errorsByCode);
    const gapsByThread = finished.map((worker) => worker.gaps);
    const schedules = finished.flatMap(({ schedule }) => schedule ?? []);
    const times = { startedAtMs, endedAtMs, timeline, gapsByThread };
    const { totals } = series;
    const result = toResult({ workload, ...times, totals, schedules, errorsByThread, keysNotPrefilled, verifications });
    return { result, startedAt, intervalMs: series.intervalMs, points: series.points() };
  } finally {
    await pool.end();
  }
}

function watchPrimary(client: KvClient, timeline: PrimaryTimeline, progress: Progress): void {
  const observe = (topology: Topology) => {
    const change = timeline.observe(topology, sharedNowMs());
    if (change !== undefined) progress.primaryChanged(change);
  };
  if (client.knownTopology !== undefined) observe(client.knownTopology);
  client.onTopology(observe);
}

/** The cluster that the workers connect to, from the topology of the connected client. */
function clusterOf({ clusterId, nodes }: Topology, target: BenchTarget) {
  const live = nodes.map((node) => node.address);
  return { clusterId, nodes: live.length > 0 || !('nodes' in target) ? live : target.nodes };
}
