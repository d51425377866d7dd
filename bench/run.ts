/** One run: find the nodes, start the workers, lead them through the stages, gather what they found. */
import { randomBytes } from 'node:crypto';
import type { WriteStream } from 'node:tty';
import { KvClient, type Topology } from '../src/index.js';
import { sharedNowMs } from './clock.js';
import type { Target, WorkloadOptions } from './options.js';
import { PrimaryTimeline } from './primaries.js';
import { Progress } from './progress.js';
import { type BenchResult, toResult } from './result.js';
import type { ProgressReport } from './thread-messages.js';
import { WorkerPool } from './worker-pool.js';

const runIdBytes = 4;

/**
 * @param stop ends the measuring early; what was measured until then is reported.
 * @throws KvError if the cluster cannot be reached.
 */
export async function runBench(
  target: Target,
  workload: WorkloadOptions,
  out: WriteStream,
  stop: AbortSignal,
): Promise<BenchResult> {
  await using client = await KvClient.connect({ ...target, deadlineMs: workload.deadlineMs });
  const run = randomBytes(runIdBytes).toString('hex');
  let progress: Progress | undefined;
  const onProgress = (thread: number, report: ProgressReport) => progress?.reported(thread, report);
  const pool = new WorkerPool(workload, run, addressesOf(client.knownTopology, target), onProgress);
  try {
    const prepared = await pool.all('prepared');
    const timeline = new PrimaryTimeline();
    const startedAtMs = sharedNowMs();
    progress = new Progress(out, timeline, workload.threads, startedAtMs);
    watchPrimary(client, timeline, progress);
    progress.start(sharedNowMs);
    pool.tellAll('execute');
    if (stop.aborted) pool.tellAll('stop');
    stop.addEventListener('abort', () => pool.tellAll('stop'));
    const finished = await pool.all('finished').finally(() => progress?.stop());
    const endedAtMs = sharedNowMs();
    if (workload.verify) pool.tellAll('verify');
    const verifications = workload.verify ? (await pool.all('verified')).map(({ result }) => result) : undefined;
    const keysNotPrefilled = prepared.reduce((sum, { failed }) => sum + failed, 0);
    const statistics = finished.map((worker) => worker.statistics);
    const gapsByThread = finished.map((worker) => worker.gaps);
    return toResult({ workload, startedAtMs, endedAtMs, statistics, gapsByThread, timeline, keysNotPrefilled, verifications });
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

/** What the workers start from. */
function addressesOf(topology: Topology | undefined, target: Target): readonly string[] {
  const live = topology?.nodes.map((node) => node.address) ?? [];
  return live.length > 0 || !('nodes' in target) ? live : target.nodes;
}
