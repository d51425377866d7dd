/** One thread of the benchmark: it executes the stages on command of the main thread, and reports. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { describeError } from '../src/cli/explain.js';
import { KvClient } from '../src/index.js';
import { sharedNowMs } from './clock.js';
import { execute } from './execute.js';
import { createGenerator } from './generate.js';
import { type ArrivalSchedule, executeOnSchedule } from './open-loop.js';
import { scheduleIntervalMs, type WorkloadOptions } from './options.js';
import { type Gap, GapTracker, smallestOutageMs } from './outages.js';
import { prepare } from './prepare.js';
import { BenchRecorder, intervalMs } from './recorder.js';
import { type BenchSession, createSession } from './session.js';
import type { FromWorker, ToWorker, WorkerPlan } from './thread-messages.js';
import { verify } from './verify.js';

async function serve(port: MessagePort, plan: WorkerPlan): Promise<void> {
  const send = (message: FromWorker) => port.postMessage(message);
  const { nodes, clusterId, workload, run, thread } = plan;
  const { api, transport, deadlineMs, inFlight: maxInFlight } = workload;
  const client = await KvClient.connect({ nodes, clusterId, api, transport, deadlineMs, maxInFlight });
  const session = createSession({ client, run, thread, workload });
  let stopped = false;
  const handle = async (message: ToWorker): Promise<void> => {
    if (message.kind === 'stop') stopped = true;
    else if (message.kind === 'execute') await measure(session, message.startedAtMs, send, () => stopped);
    else send({ kind: 'verified', result: await verify(session) });
  };
  port.on('message', (message: ToWorker) => handle(message).catch((error: unknown) => fail(send, error)));
  send({ kind: 'prepared', failed: await prepare(session) });
}

async function measure(
  session: BenchSession,
  startedAtMs: number,
  send: (message: FromWorker) => void,
  isStopped: () => boolean,
): Promise<void> {
  const { workload, thread } = session;
  const endsAtMs = startedAtMs + workload.durationMs;
  const gaps = new GapTracker(startedAtMs, smallestOutageMs(workload));
  const recorder = new BenchRecorder(startedAtMs);
  // After the end of a schedule no operation is due, so a time without success there is not an outage.
  const isCounted = ({ fromMs, toMs }: Gap) =>
    workload.rate === undefined || Math.min(toMs, endsAtMs) - fromMs > smallestOutageMs(workload);
  const gapsUntil = (nowMs: number) => gaps.gapsUntil(nowMs).filter(isCounted);
  const report = () => {
    const atMs = sharedNowMs();
    const intervals = recorder.takeEnded(atMs);
    send({ kind: 'progress', intervals, openIndex: recorder.openIndex, gaps: gapsUntil(atMs), atMs });
  };
  const timer = setInterval(report, intervalMs);
  const execution = { session, generator: createGenerator(workload, thread), recorder, gaps };
  const schedule = scheduleOf(workload, thread, startedAtMs);
  const counts = schedule && (await executeOnSchedule(execution, schedule, isStopped));
  if (schedule === undefined) await execute(execution, (nowMs) => isStopped() || nowMs >= endsAtMs);
  clearInterval(timer);
  const intervals = recorder.takeRest();
  const { openIndex, errorsByCode } = recorder;
  // The time after the last operation is not an outage, unless the last one was long before the end.
  const untilMs = isStopped() ? sharedNowMs() : Math.max(endsAtMs, sharedNowMs());
  const violations = session.violations.summary;
  send({
    kind: 'finished',
    intervals,
    openIndex,
    errorsByCode,
    gaps: gaps.gapsUntil(untilMs),
    violations,
    ...(counts && { schedule: counts }),
  });
}

/** The threads take turns, so that together they send at even intervals. */
function scheduleOf(
  { rate, threads, durationMs, deadlineMs }: WorkloadOptions,
  thread: number,
  startedAtMs: number,
): ArrivalSchedule | undefined {
  if (rate === undefined) return undefined;
  const everyMs = scheduleIntervalMs(rate, threads);
  const endsAtMs = startedAtMs + durationMs;
  return { firstAtMs: startedAtMs + (everyMs * thread) / threads, everyMs, endsAtMs, lateUntilMs: endsAtMs + deadlineMs };
}

function fail(send: (message: FromWorker) => void, error: unknown): void {
  send({ kind: 'failed', message: describeError(error) });
}

if (parentPort === null) throw new Error('this file is a worker of kvbench; start kvbench instead');
const port = parentPort;
serve(port, workerData as WorkerPlan).catch((error: unknown) => fail((message) => port.postMessage(message), error));
