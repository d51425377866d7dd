/** One thread of the benchmark: goes through the stages when the main thread says so, and reports. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { describeError } from '../src/cli/explain.js';
import { KvClient } from '../src/index.js';
import { sharedNowMs } from './clock.js';
import { execute } from './execute.js';
import { createGenerator } from './generate.js';
import { History } from './history.js';
import { GapTracker } from './outages.js';
import { prepare } from './prepare.js';
import type { Session } from './session.js';
import { createStatistics } from './statistics.js';
import type { FromWorker, ToWorker, WorkerPlan } from './thread-messages.js';
import { verify } from './verify.js';
import { ViolationLog } from './violations.js';

const reportEveryMs = 100;

async function serve(port: MessagePort, plan: WorkerPlan): Promise<void> {
  const tell = (message: FromWorker) => port.postMessage(message);
  const { nodes, workload, run, thread } = plan;
  const { deadlineMs, inFlight: maxInFlight } = workload;
  const client = await KvClient.connect({ nodes, deadlineMs, maxInFlight });
  const session: Session = { client, run, thread, workload, history: new History(run, thread), violations: new ViolationLog() };
  let stopped = false;
  const handle = async ({ kind }: ToWorker): Promise<void> => {
    if (kind === 'stop') stopped = true;
    else if (kind === 'execute') await measure(session, tell, () => stopped);
    else tell({ kind: 'verified', result: await verify(session) });
  };
  port.on('message', (message: ToWorker) => handle(message).catch((error: unknown) => fail(tell, error)));
  tell({ kind: 'prepared', failed: await prepare(session) });
}

async function measure(session: Session, tell: (message: FromWorker) => void, isStopped: () => boolean): Promise<void> {
  const startedAtMs = sharedNowMs();
  const endsAtMs = startedAtMs + session.workload.durationMs;
  const gaps = new GapTracker(startedAtMs);
  const statistics = createStatistics();
  const report = () => {
    const { read, write } = statistics;
    const atMs = sharedNowMs();
    const counts = { succeeded: read.succeeded + write.succeeded, failed: read.failed + write.failed };
    tell({ kind: 'progress', ...counts, gaps: gaps.gapsUntil(atMs), atMs });
  };
  const timer = setInterval(report, reportEveryMs);
  const generate = createGenerator(session.workload, session.thread);
  await execute({ session, generate, statistics, gaps, isOver: () => isStopped() || sharedNowMs() >= endsAtMs });
  clearInterval(timer);
  // What follows the last operation is no outage, unless the last one came long before the end.
  const untilMs = isStopped() ? sharedNowMs() : Math.max(endsAtMs, sharedNowMs());
  tell({ kind: 'finished', statistics, gaps: gaps.gapsUntil(untilMs), violations: session.violations.summary });
}

function fail(tell: (message: FromWorker) => void, error: unknown): void {
  tell({ kind: 'failed', message: describeError(error) });
}

if (parentPort === null) throw new Error('this file is the worker of kvbench; start kvbench instead');
const port = parentPort;
serve(port, workerData as WorkerPlan).catch((error: unknown) => fail((message) => port.postMessage(message), error));
