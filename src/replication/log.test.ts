import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Log } from './log.js';
import { entryBytes, type LogEntry } from './log-entry.js';

function entry(seq: number, epoch: number, value = 'v'): LogEntry {
  return { seq, epoch, key: 'k', value: new TextEncoder().encode(value) };
}

function logOf(...epochs: number[]): Log {
  const log = new Log();
  for (const [index, epoch] of epochs.entries()) log.append(entry(index + 1, epoch));
  return log;
}

describe('log', () => {
  it('takes entries in order only, of epochs that never fall', () => {
    const log = logOf(1, 1, 3);
    expect(() => log.append(entry(5, 3))).toThrow('does not follow');
    expect(() => log.append(entry(4, 2))).toThrow('after one of');
    expect([log.lastSeq, log.lastEpoch]).toEqual([3, 3]);
  });

  it('tells the epoch of every retained position and of its base, and of nothing else', () => {
    const log = logOf(1, 1, 3, 3);
    log.dropThrough(2);
    expect([1, 2, 3, 4, 5].map((seq) => log.epochAt(seq))).toEqual([undefined, 1, 3, 3, undefined]);
  });

  it('gives a slice within its bounds, and at least one entry however large', () => {
    const log = logOf(1, 1, 1, 1);
    const seqs = (entries: LogEntry[]) => entries.map(({ seq }) => seq);
    expect(seqs(log.slice(2, 2))).toEqual([2, 3]);
    expect(seqs(log.slice(2, 9, 1))).toEqual([2]);
    expect(seqs(log.slice(2, 9, 2 * entryBytes(entry(1, 1))))).toEqual([2, 3]);
    expect(seqs(log.slice(5, 9))).toEqual([]);
    log.dropThrough(1);
    expect(() => log.slice(1, 1)).toThrow('no longer retained');
  });

  it('starts again above a base', () => {
    const log = logOf(1, 2);
    log.reset(10, 7);
    expect(log.position).toEqual({ baseSeq: 10, baseEpoch: 7, lastSeq: 10, history: [] });
    expect([log.lastEpoch, log.bytes]).toEqual([7, 0]);
    log.append(entry(11, 7));
    expect(log.epochAt(11)).toBe(7);
  });

  it('is what a plain array would be, after any appends, cuts and drops', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('append' as const), by: fc.nat(2) }),
      fc.record({ do: fc.constant('cut' as const), by: fc.nat(5) }),
      fc.record({ do: fc.constant('drop' as const), by: fc.nat(5) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const log = new Log();
        let base = { seq: 0, epoch: 0 };
        let entries: LogEntry[] = [];
        for (const { do: what, by } of steps) {
          const last = entries.at(-1) ?? base;
          if (what === 'append') {
            entries.push(entry(last.seq + 1, last.epoch + by, 'v'.repeat(by)));
            log.append(entries.at(-1)!);
          } else if (what === 'cut') {
            const seq = Math.max(base.seq, last.seq - by);
            entries = entries.filter((kept) => kept.seq <= seq);
            log.truncateAfter(seq);
          } else {
            const seq = Math.min(base.seq + by, last.seq);
            base = entries.find((kept) => kept.seq === seq) ?? base;
            entries = entries.filter((kept) => kept.seq > seq);
            log.dropThrough(seq);
          }
          expect(log.baseSeq).toBe(base.seq);
          expect(log.slice(base.seq + 1, 1000)).toEqual(entries);
          expect(log.lastSeq).toBe((entries.at(-1) ?? base).seq);
          expect(log.lastEpoch).toBe((entries.at(-1) ?? base).epoch);
          expect(log.bytes).toBe(entries.reduce((sum, kept) => sum + entryBytes(kept), 0));
          for (const kept of entries) expect(runEpochAt(log, kept.seq)).toBe(kept.epoch);
        }
      }),
    );
  });
});

describe('packed log', () => {
  const key = fc.string({ unit: 'binary', maxLength: 6 });
  const value = fc.option(fc.uint8Array({ maxLength: 6 }), { nil: undefined });
  const run = fc.record({ entries: fc.constantFrom(1, 100, 255, 256, 257, 600), epochs: fc.nat(1), key, value });

  it('holds the same entries as one that is not packed, whatever was dropped, and takes more of them', () => {
    fc.assert(
      fc.property(
        fc.array(run, { maxLength: 4 }),
        fc.constantFrom(1, 7, 256),
        fc.nat(1000),
        fc.nat(1000),
        (runs, blockEntries, packed, dropped) => {
          const log = new Log();
          const twin = new Log();
          for (const { entries, epochs, key, value } of runs) {
            const epoch = log.lastEpoch + epochs;
            for (let i = 0; i < entries; i++) {
              const next = { seq: log.lastSeq + 1, epoch, key: `${key}${i}`, value };
              log.append(next);
              twin.append(next);
            }
          }
          log.packThrough(Math.min(packed, log.lastSeq), blockEntries);
          expect(seen(log)).toEqual(seen(twin));
          for (const changed of [log, twin]) {
            changed.dropThrough(Math.min(dropped, changed.lastSeq));
            changed.append({ seq: changed.lastSeq + 1, epoch: changed.lastEpoch + 1, key: 'after', value: undefined });
          }
          expect(seen(log)).toEqual(seen(twin));
          log.packThrough(log.lastSeq, blockEntries);
          expect(seen(log)).toEqual(seen(twin));
          log.dropThrough(log.lastSeq);
          expect(log.bytes).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps a large value where it is', () => {
    const log = new Log();
    const value = new Uint8Array(100_000);
    for (let seq = 1; seq <= 256; seq++) log.append({ seq, epoch: 1, key: 'large', value });
    log.packThrough(256, 256);
    expect(log.get(1)?.value).toBe(value);
    expect(log.bytes).toBeGreaterThan(256 * value.length);
  });

  it('takes less memory, in blocks: the last few entries stay as they are', () => {
    const log = new Log();
    for (let seq = 1; seq <= 600; seq++) log.append(entry(seq, 1));
    const before = log.bytes;
    const [first, last] = [log.get(1), log.get(600)];
    log.packThrough(600, 256);
    expect(log.bytes).toBeLessThan(before / 3);
    expect(log.get(1)).not.toBe(first);
    expect(log.get(1)).toEqual(first);
    expect(log.get(600)).toBe(last);
  });

  it('cannot be cut where it is packed', () => {
    const log = new Log();
    for (let seq = 1; seq <= 300; seq++) log.append(entry(seq, 1));
    log.packThrough(300, 256);
    expect(() => log.truncateAfter(200)).toThrow('packed');
    log.truncateAfter(256);
    expect(log.lastSeq).toBe(256);
  });

  it('begins anew after a reset', () => {
    const log = new Log();
    for (let seq = 1; seq <= 300; seq++) log.append(entry(seq, 1));
    log.packThrough(300, 256);
    log.reset(1000, 2);
    expect([log.bytes, log.lastSeq, log.epochAt(1000), log.get(1000)]).toEqual([0, 1000, 2, undefined]);
  });
});

/** What can be asked of a log, but for its bytes: of every seq, in few words. */
function seen(log: Log): unknown {
  const seqs = Array.from({ length: log.lastSeq + 2 }, (_, seq) => seq);
  const text = (entry: LogEntry | undefined) => entry && `${entry.seq} ${entry.epoch} ${entry.key} ${entry.value?.join() ?? '-'}`;
  return [log.position, seqs.map((seq) => `${log.epochAt(seq)} ${text(log.get(seq))}`).join('\n')];
}

/** The epoch of a position, from the list of runs alone. */
function runEpochAt(log: Log, seq: number): number {
  const { history, baseEpoch } = log.position;
  return history.findLast((run) => run.firstSeq <= seq)?.epoch ?? baseEpoch;
}
