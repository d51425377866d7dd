import { expect, test } from 'vitest';
import { MoveRate, SnapshotPace } from './snapshot-pace.js';

const chunkBytes = 280_000;
const chunkMs = 10;
/** A chunk takes `chunkMs`. */
const rateBytes = (chunkBytes * 1_000) / chunkMs;

/** Sends chunks one after the other, each with `workMs` of work. Each pause lasts `lateMs` longer than it should. */
function sendChunks(chunks: number, workMs: number, lateMs: number): { readonly tookMs: number; readonly pausedMs: number } {
  const pace = new SnapshotPace(new MoveRate(rateBytes), 0);
  let [nowMs, pausedMs] = [0, 0];
  for (let chunk = 0; chunk < chunks; chunk++) {
    nowMs += workMs;
    const pauseMs = pace.pauseMs(chunkBytes, nowMs);
    pausedMs += pauseMs;
    nowMs += pauseMs + lateMs;
    pace.paused(nowMs);
  }
  return { tookMs: nowMs, pausedMs };
}

test('a snapshot - keeps to its rate, whatever its work is and however late it is woken', () => {
  expect(sendChunks(100, 1, 0).tookMs).toBeCloseTo(100 * chunkMs);
  expect(sendChunks(100, 4, 2).tookMs).toBeLessThanOrEqual(100 * chunkMs + 2 + 1e-6);
});

test('a snapshot - that has too much work for its rate pauses as long as it works', () => {
  const { tookMs, pausedMs } = sendChunks(100, 20, 0);
  expect(pausedMs).toBeCloseTo(tookMs / 2);
});

test('a snapshot - does not make up for a long delay', () => {
  const pace = new SnapshotPace(new MoveRate(rateBytes), 0);
  pace.paused(60_000);
  const pauses = Array.from({ length: 10 }, (_, chunk) => pace.pauseMs(chunkBytes, 60_000 + chunk));
  expect(pauses.filter((pauseMs) => pauseMs < chunkMs).length).toBeLessThanOrEqual(3);
});

test('snapshots of one node - keep to the rate together', () => {
  const rate = new MoveRate(1_000_000);
  const [one, other] = [new SnapshotPace(rate, 0), new SnapshotPace(rate, 0)];
  let endMs = 0;
  for (let chunk = 0; chunk < 50; chunk++) {
    const pauses = [one.pauseMs(1_000, endMs), other.pauseMs(1_000, endMs)];
    endMs += Math.max(...pauses);
    one.paused(endMs);
    other.paused(endMs);
  }
  // 100,000 bytes at 1,000 a millisecond.
  expect(endMs).toBeCloseTo(100);
});
