import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type KvClient, KvError } from '../src/index.js';
import { sharedNowMs } from './clock.js';
import { execute } from './execute.js';
import { createGenerator } from './generate.js';
import { executeOnSchedule } from './open-loop.js';
import type { WorkloadOptions } from './options.js';
import { GapTracker } from './outages.js';
import { BenchRecorder } from './recorder.js';
import { createSession } from './session.js';
import { TimeSeries } from './time-series.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answerMs = 5;
const usual: WorkloadOptions = {
  api: 'pipeline',
  transport: 'auto',
  threads: 1,
  durationMs: 1_000,
  keyspace: 10,
  distribution: 'uniform',
  readRatio: 0,
  valueBytes: 10,
  inFlight: 8,
  seed: 1,
  deadlineMs: 2_000,
  prefill: false,
  verify: false,
  rate: 100,
};

/** Answers each write after a delay, but none between two moments. With `failing` it refuses every write. */
function startRun(workload: WorkloadOptions, stall: { readonly fromMs: number; readonly toMs: number }, failing = false) {
  const startedAtMs = sharedNowMs();
  const sentAtMs: number[] = [];
  const answer = async () => {
    const sinceMs = sharedNowMs() - startedAtMs;
    sentAtMs.push(Math.round(sinceMs));
    const isStalled = sinceMs >= stall.fromMs && sinceMs < stall.toMs;
    await new Promise((resolve) => setTimeout(resolve, isStalled ? stall.toMs - sinceMs : answerMs));
    if (failing) throw new KvError('NO_PRIMARY', 'x');
    return { version: 1 };
  };
  const client = { put: answer, get: answer } as unknown as KvClient;
  const recorder = new BenchRecorder(startedAtMs);
  const session = createSession({ client, run: 'run', thread: 0, workload });
  const execution = { session, generator: createGenerator(workload, 0), recorder, gaps: new GapTracker(startedAtMs) };
  /** The totals of the run. To be called once, at the end. */
  const totals = () => {
    const series = new TimeSeries(1, workload.durationMs);
    series.add(0, recorder.takeRest(), recorder.openIndex);
    const { succeeded, failed, latencies } = series.totals.write;
    const [p50, p90, max] = [latencies.percentile(50), latencies.percentile(90), latencies.max].map((us) => us / 1_000);
    return { succeeded, failed, p50: p50!, p90: p90!, max: max! };
  };
  const endsAtMs = startedAtMs + workload.durationMs;
  const schedule = { firstAtMs: startedAtMs, everyMs: 10, endsAtMs, lateUntilMs: endsAtMs + workload.deadlineMs };
  return { execution, schedule, endsAtMs, sentAtMs, totals };
}

const noStall = { fromMs: 0, toMs: 0 };
const stall = { fromMs: 300, toMs: 800 };

describe('an open loop', () => {
  test('sends on schedule, independently of the answers', async () => {
    const { execution, schedule, sentAtMs, totals } = startRun(usual, noStall);
    const done = executeOnSchedule(execution, schedule, () => false);
    await vi.runAllTimersAsync();
    expect(await done).toEqual({ scheduled: 100, heldBack: 0, neverSent: 0 });
    expect(sentAtMs).toEqual(Array.from({ length: 100 }, (_, index) => 10 * index));
    expect(totals().max).toBeLessThan(2 * answerMs);
  });

  test('a stall delays every operation that was due in it, even those that waited for a place in flight', async () => {
    const { execution, schedule, totals } = startRun(usual, stall);
    const done = executeOnSchedule(execution, schedule, () => false);
    await vi.runAllTimersAsync();
    const counts = await done;
    expect(counts).toMatchObject({ scheduled: 100, neverSent: 0 });
    // 50 operations were due, and 8 had a place. Some more were due before the held back ones had been sent.
    expect(counts.heldBack).toBeGreaterThanOrEqual(50 - 8);
    expect(counts.heldBack).toBeLessThan(60);
    const { succeeded, p50, p90, max } = totals();
    expect(succeeded).toBe(100);
    expect(p50).toBeLessThan(100);
    expect(p90).toBeGreaterThan(350);
    expect(max).toBeGreaterThan(490);
  });

  test('in a closed loop the same stall affects only the operations in flight, and no percentile', async () => {
    const { execution, endsAtMs, totals } = startRun({ ...usual, inFlight: 1 }, stall);
    const done = execute(execution, (nowMs) => nowMs >= endsAtMs);
    await vi.runAllTimersAsync();
    await done;
    const { p90, max } = totals();
    expect(p90).toBeLessThan(2 * answerMs);
    expect(max).toBeGreaterThan(490);
  });

  test('failures are counted, and the schedule continues', async () => {
    const { execution, schedule, totals } = startRun(usual, noStall, true);
    const done = executeOnSchedule(execution, schedule, () => false);
    await vi.runAllTimersAsync();
    expect(await done).toEqual({ scheduled: 100, heldBack: 0, neverSent: 0 });
    expect(totals()).toMatchObject({ succeeded: 0, failed: 100 });
    expect(execution.recorder.errorsByCode).toEqual({ NO_PRIMARY: 100 });
  });

  test('late operations are sent for a limited time after the end, and the rest counts as never sent', async () => {
    const slow = { ...usual, inFlight: 1, deadlineMs: 500 };
    const { execution, schedule, totals } = startRun(slow, { fromMs: 0, toMs: 1_400 });
    const done = executeOnSchedule(execution, schedule, () => false);
    await vi.runAllTimersAsync();
    const { scheduled, neverSent } = await done;
    expect(scheduled).toBe(100);
    expect(neverSent).toBeGreaterThan(0);
    const { succeeded } = totals();
    expect(succeeded).toBe(100 - neverSent);
    expect(succeeded).toBeGreaterThan(1);
  });

  test('a stop ends the loop when the operations in flight have ended', async () => {
    const { execution, schedule, sentAtMs, totals } = startRun(usual, noStall);
    let isStopped = false;
    const done = executeOnSchedule(execution, schedule, () => isStopped);
    await vi.advanceTimersByTimeAsync(305);
    isStopped = true;
    await vi.runAllTimersAsync();
    const { scheduled, neverSent } = await done;
    expect([scheduled - neverSent, totals().succeeded]).toEqual([sentAtMs.length, sentAtMs.length]);
    expect(sentAtMs.length).toBeLessThan(40);
  });
});
