import { expect, test } from 'vitest';
import { describeLoop } from './report.js';
import type { BenchResult } from './result.js';

const [reads, writes] = [{ failed: 0 }, { failed: 0 }] as BenchResult['reads'][];
const workload = { inFlight: 16 } as BenchResult['workload'];

test('kvbench - the report names the kind of loop, and the operations that an open loop could not send in time', () => {
  expect(describeLoop({ workload, loop: 'closed' } as BenchResult)).toMatch(/^closed loop: /);
  const open = (heldBack: number, neverSent: number, failed = 0) =>
    describeLoop({
      workload: { ...workload, rate: 200 },
      loop: 'open',
      schedule: { scheduled: 1_000, heldBack, neverSent },
      reads,
      writes: { ...writes, failed },
    } as BenchResult);
  expect(open(0, 0)).toBe('open loop at 200 operations/s: 1000 scheduled; latencies count from the scheduled time');
  expect(open(7, 3)).toContain('7 were sent late, because all 16 places in flight of their thread were taken');
  expect(open(0, 0, 1)).toContain('operations that failed are in no percentile');
  expect(open(7, 3)).toContain('3 WERE NEVER SENT');
});
