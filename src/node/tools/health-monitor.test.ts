import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HealthMonitor } from './health-monitor.js';
import type { Health } from './health-server.js';

let judgementMs: number;
let reports: Health[];
let monitor: HealthMonitor;

beforeEach(() => {
  vi.useFakeTimers();
  judgementMs = 0;
  reports = [];
  monitor = new HealthMonitor({
    health: () => {
      vi.advanceTimersByTime(judgementMs);
      return { live: true, ready: reports.length % 2 === 0 };
    },
    report: (health) => reports.push(health),
  });
});

afterEach(() => {
  monitor.close();
  vi.useRealTimers();
});

test('health is judged once a second, and at every change', () => {
  vi.advanceTimersByTime(1_000);
  expect(reports).toEqual([{ live: true, ready: true }]);
  monitor.maybeJudge();
  monitor.maybeJudge();
  expect(reports).toHaveLength(3);
});

test('changes that follow an expensive judgement wait for nine times its duration', () => {
  judgementMs = 10;
  monitor.judge();
  judgementMs = 0;
  vi.advanceTimersByTime(89);
  monitor.maybeJudge();
  expect(reports).toHaveLength(1);
  vi.advanceTimersByTime(1);
  monitor.maybeJudge();
  expect(reports).toHaveLength(2);
});

test('a conflict is judged at once, whatever happened before', () => {
  judgementMs = 10;
  monitor.judge();
  monitor.onConflict();
  expect(reports).toHaveLength(2);
});
