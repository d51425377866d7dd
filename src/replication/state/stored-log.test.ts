import { describe, expect, it } from 'vitest';
import type { Change } from '../protocol/effect.js';
import type { LogEntry } from '../protocol/log-entry.js';
import { Log } from './log.js';
import { StoredLog } from './stored-log.js';

const one = { epoch: 1, id: 'one', firstSeq: 1 };
const two = { epoch: 2, id: 'two', firstSeq: 4 };
const three = { epoch: 3, id: 'three', firstSeq: 6 };

function entriesOf(firstSeq: number, lastSeq: number, epoch: number): LogEntry[] {
  return Array.from({ length: lastSeq - firstSeq + 1 }, (_, index) => ({ seq: firstSeq + index, epoch, writes: [] }));
}

/** Entries 1 to 3 of epoch 1, 4 and 5 of epoch 2. */
function stored(): StoredLog {
  const log = new StoredLog();
  log.add({ type: 'append', entries: entriesOf(1, 3, 1), runs: [one] });
  log.add({ type: 'append', entries: entriesOf(4, 5, 2), runs: [two] });
  return log;
}

/** A log in memory with entries of epoch 2 above `baseSeq`. */
function inMemory(baseSeq: number, lastSeq: number): Log {
  const log = new Log();
  log.reset(baseSeq, { epoch: 2, id: 'two' });
  for (const entry of entriesOf(baseSeq + 1, lastSeq, 2)) log.append(entry, 'two');
  return log;
}

describe('StoredLog', () => {
  it('extends a log in memory down to its base', () => {
    expect(stored().extend(inMemory(4, 9).position)).toEqual({
      baseSeq: 0,
      baseEpoch: 0,
      baseEpochId: '',
      lastSeq: 9,
      history: [one, two],
    });
  });

  it('names each epoch once where the log in memory begins with a new one', () => {
    const log = inMemory(5, 5);
    log.append({ seq: 6, epoch: 3, writes: [] }, 'three');
    expect(stored().extend(log.position).history).toEqual([one, two, three]);
  });

  it('leaves a log in memory alone that reaches as far down', () => {
    const log = stored();
    log.dropThrough(4);
    const { position } = inMemory(4, 9);
    expect(log.extend(position)).toBe(position);
  });

  it('goes on from what a restart has found', () => {
    const log = new StoredLog(stored().start);
    expect(log.start).toEqual({ seq: 0, epoch: 0, epochId: '', runs: [one, two] });
    log.dropThrough(4);
    expect(log.start).toEqual({ seq: 4, epoch: 2, epochId: 'two', runs: [] });
  });

  it('has nothing below what was dropped', () => {
    const log = stored();
    log.dropThrough(2);
    expect([1, 2, 3, 4, 5].map((seq) => log.markAt(seq)?.epoch)).toEqual([undefined, 1, 1, 2, 2]);
    expect(log.runsOf(3, 5)).toEqual([{ ...one, firstSeq: 3 }, two]);
    log.dropThrough(1);
    expect(log.markAt(1)).toBeUndefined();
  });

  it('forgets the epochs of entries that are cut', () => {
    const log = stored();
    log.add({ type: 'truncate', afterSeq: 4 });
    log.add({ type: 'append', entries: entriesOf(5, 6, 3), runs: [{ ...three, firstSeq: 5 }] });
    expect([4, 5, 6].map((seq) => log.markAt(seq)?.epoch)).toEqual([2, 3, 3]);
  });

  it('begins with the next entry where the log is cut below its base', () => {
    const log = stored();
    log.dropThrough(5);
    log.add({ type: 'truncate', afterSeq: 3 });
    expect(log.markAt(5)).toBeUndefined();
    log.add({ type: 'append', entries: entriesOf(4, 6, 3), runs: [{ ...three, firstSeq: 4 }] });
    expect([3, 4, 5].map((seq) => log.markAt(seq)?.epoch)).toEqual([undefined, 3, 3]);
  });

  const reset: Change = {
    type: 'reset',
    baseSeq: 7,
    baseEpoch: 3,
    baseEpochId: 'three',
    complete: false,
    requestFloor: 0,
    timeMs: 0,
  };
  it.each<[Change]>([
    [reset],
    [{ type: 'rebase', baseSeq: 7, baseEpoch: 3, baseEpochId: 'three', entries: [] }],
    [{ type: 'rebase', baseSeq: 5, baseEpoch: 3, baseEpochId: 'three', entries: entriesOf(6, 7, 3) }],
  ])('begins anew after %o', (change) => {
    const log = stored();
    log.add(change);
    expect(log.start).toEqual({ seq: 7, epoch: 3, epochId: 'three', runs: [] });
  });

  it('knows a bounded number of epochs, and begins with the oldest of them', () => {
    const log = new StoredLog();
    for (let seq = 1; seq <= 1_000; seq++)
      log.add({
        type: 'append',
        entries: entriesOf(seq, seq, seq),
        runs: [{ epoch: seq, id: `${seq}`, firstSeq: seq }],
      });
    expect(log.start.runs).toHaveLength(127);
    expect(log.start).toMatchObject({ seq: 873, epoch: 873, epochId: '873' });
  });
});
