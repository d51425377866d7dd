import { expect, test } from 'vitest';
import { defaultMoveRateBytes, MoveRate, SnapshotPace } from './snapshot-pace.js';

const chunkBytes = 280_000;
const chunkMs = 10;

/** Chunks one after the other, each with so much work; the rest lasts as long as told, and `lateMs` more. */
function sendChunks(chunks: number, workMs: number, lateMs: number): { readonly tookMs: number; readonly restedMs: number } {
  const pace = new SnapshotPace(new MoveRate(defaultMoveRateBytes), 0);
  let [nowMs, restedMs] = [0, 0];
  for (let chunk = 0; chunk < chunks; chunk++) {
    nowMs += workMs;
    const restMs = pace.pauseMs(chunkBytes, nowMs);
    restedMs += restMs;
    nowMs += restMs + lateMs;
    pace.paused(nowMs);
  }
  return { tookMs: nowMs, restedMs };
}

test('a dump - keeps to its rate, whatever its work is and however late it is woken', () => {
  expect(sendChunks(100, 1, 0).tookMs).toBeCloseTo(100 * chunkMs);
  expect(sendChunks(100, 4, 2).tookMs).toBeLessThanOrEqual(100 * chunkMs + 2 + 1e-6);
});

test('a dump - rests as long as it works where its work is too much for its rate', () => {
  const { tookMs, restedMs } = sendChunks(100, 20, 0);
  expect(restedMs).toBeCloseTo(tookMs / 2);
});

test('a dump - does not make up for a long delay', () => {
  const pace = new SnapshotPace(new MoveRate(defaultMoveRateBytes), 0);
  pace.paused(60_000);
  const rests = Array.from({ length: 10 }, (_, chunk) => pace.pauseMs(chunkBytes, 60_000 + chunk));
  expect(rests.filter((restMs) => restMs < chunkMs).length).toBeLessThanOrEqual(3);
});

test('dumps of one node - keep to the rate together', () => {
  const rate = new MoveRate(1_000_000);
  const [one, other] = [new SnapshotPace(rate, 0), new SnapshotPace(rate, 0)];
  let endMs = 0;
  for (let chunk = 0; chunk < 50; chunk++) {
    const rests = [one.pauseMs(1_000, endMs), other.pauseMs(1_000, endMs)];
    endMs += Math.max(...rests);
    one.paused(endMs);
    other.paused(endMs);
  }
  // 100,000 bytes at 1,000 a millisecond.
  expect(endMs).toBeCloseTo(100);
});
