/** One thread of the benchmark: goes through the stages when the main thread says so, and reports. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { describeError } from '../src/cli/explain.js';
import { KvClient } from '../src/index.js';
import { sharedNowMs } from './clock.js';
import { execute } from './execute.js';
import { createGenerator } from './generate.js';
import { GapTracker } from './outages.js';
import { prepare } from './prepare.js';
import { intervalMs, Recorder } from './recorder.js';
import { createSession, type Session } from './session.js';
import type { FromWorker, ToWorker, WorkerPlan } from './thread-messages.js';
import { verify } from './verify.js';

async function serve(port: MessagePort, plan: WorkerPlan): Promise<void> {
  const tell = (message: FromWorker) => port.postMessage(message);
  const { nodes, clusterId, workload, run, thread } = plan;
  const { api, deadlineMs, inFlight: maxInFlight } = workload;
  const client = await KvClient.connect({ nodes, clusterId, api, deadlineMs, maxInFlight });
  const session = createSession({ client, run, thread, workload });
  let stopped = false;
  const handle = async (message: ToWorker): Promise<void> => {
    if (message.kind === 'stop') stopped = true;
    else if (message.kind === 'execute') await measure(session, message.startedAtMs, tell, () => stopped);
    else tell({ kind: 'verified', result: await verify(session) });
  };
  port.on('message', (message: ToWorker) => handle(message).catch((error: unknown) => fail(tell, error)));
  tell({ kind: 'prepared', failed: await prepare(session) });
}

async function measure(
  session: Session,
  startedAtMs: number,
  tell: (message: FromWorker) => void,
  isStopped: () => boolean,
): Promise<void> {
  const endsAtMs = startedAtMs + session.workload.durationMs;
  const gaps = new GapTracker(startedAtMs);
  const recorder = new Recorder(startedAtMs);
  const report = () => {
    const atMs = sharedNowMs();
    const intervals = recorder.takeEnded(atMs);
    tell({ kind: 'progress', intervals, openIndex: recorder.openIndex, gaps: gaps.gapsUntil(atMs), atMs });
  };
  const timer = setInterval(report, intervalMs);
  const generator = createGenerator(session.workload, session.thread);
  await execute({ session, generator, recorder, gaps, isOver: (nowMs) => isStopped() || nowMs >= endsAtMs });
  clearInterval(timer);
  const intervals = recorder.takeRest();
  const { openIndex, errorsByCode } = recorder;
  // What follows the last operation is no outage, unless the last one came long before the end.
  const untilMs = isStopped() ? sharedNowMs() : Math.max(endsAtMs, sharedNowMs());
  const violations = session.violations.summary;
  tell({ kind: 'finished', intervals, openIndex, errorsByCode, gaps: gaps.gapsUntil(untilMs), violations });
}

function fail(tell: (message: FromWorker) => void, error: unknown): void {
  tell({ kind: 'failed', message: describeError(error) });
}

if (parentPort === null) throw new Error('this file is the worker of kvbench; start kvbench instead');
const port = parentPort;
serve(port, workerData as WorkerPlan).catch((error: unknown) => fail((message) => port.postMessage(message), error));
