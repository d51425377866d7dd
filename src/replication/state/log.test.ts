import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryBytes, type KeyWrite, type LogEntry } from '../protocol/log-entry.js';
import { idAt } from '../protocol/log-position.js';
import { Log } from './log.js';

function entry(seq: number, epoch: number, value = 'v'): LogEntry {
  return { seq, epoch, writes: [{ key: 'k', value: new TextEncoder().encode(value) }] };
}

/** The id of an epoch; here each number has one id. */
function idOf(epoch: number): string {
  return epoch === 0 ? '' : `id${epoch}`;
}

function append(log: Log, entry: LogEntry): void {
  log.append(entry, idOf(entry.epoch));
}

function logOf(...epochs: number[]): Log {
  const log = new Log();
  for (const [index, epoch] of epochs.entries()) append(log, entry(index + 1, epoch));
  return log;
}

describe('log', () => {
  it('accepts entries only in order, of epochs that never fall', () => {
    const log = logOf(1, 1, 3);
    expect(() => append(log, entry(5, 3))).toThrow('does not follow');
    expect(() => append(log, entry(4, 2))).toThrow('after one of');
    expect([log.lastSeq, log.lastEpoch, log.lastEpochId]).toEqual([3, 3, 'id3']);
  });

  it('refuses an entry of another epoch with the number of the epoch before it', () => {
    const log = logOf(1, 1);
    expect(() => log.append(entry(3, 1), 'other')).toThrow('of another epoch 1');
    log.dropThrough(2);
    expect(() => log.append(entry(3, 1), 'other')).toThrow('of another epoch 1');
    log.reset(9, { epoch: 4, id: 'four' });
    expect(() => log.append(entry(10, 4), 'other')).toThrow('of another epoch 4');
    log.append(entry(10, 4), 'four');
    expect([log.lastSeq, log.lastEpochId]).toEqual([10, 'four']);
  });

  it('reports epoch and epoch id of its base and of every retained position, and of no other', () => {
    const log = logOf(1, 1, 3, 3);
    const [one, three] = [1, 3].map((epoch) => ({ epoch, id: idOf(epoch) }));
    expect([0, 1, 2, 3].map((seq) => log.markAt(seq))).toMatchObject([{ epoch: 0, id: '' }, one, one, three]);
    log.dropThrough(2);
    expect([1, 2, 3, 4, 5].map((seq) => log.markAt(seq))).toMatchObject([undefined, one, three, three, undefined]);
  });

  it('reports the epochs of a range of entries; the first run begins at the range', () => {
    const log = logOf(1, 1, 3, 3, 4);
    const run = (epoch: number, firstSeq: number) => ({ epoch, id: idOf(epoch), firstSeq });
    expect(log.runsOf(2, 4)).toEqual([run(1, 2), run(3, 3)]);
    expect(log.runsOf(4, 4)).toEqual([run(3, 4)]);
    expect(log.runsOf(1, 5)).toEqual([run(1, 1), run(3, 3), run(4, 5)]);
    log.dropThrough(3);
    expect(log.runsOf(4, 5)).toEqual([run(3, 4), run(4, 5)]);
  });

  it('reports for each entry of a range its epoch, whatever was dropped', () => {
    const epochs = fc.array(fc.nat(2), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(epochs, fc.nat(12), fc.nat(12), fc.nat(12), (steps, dropped, from, count) => {
        let epoch = 1;
        const log = logOf(...steps.map((step) => (epoch += step)));
        log.dropThrough(Math.min(dropped, log.lastSeq - 1));
        const firstSeq = Math.min(log.baseSeq + 1 + from, log.lastSeq);
        const lastSeq = Math.min(firstSeq + count, log.lastSeq);
        const runs = log.runsOf(firstSeq, lastSeq);
        for (let seq = firstSeq; seq <= lastSeq; seq++) {
          const { epoch, id } = runs.findLast((run) => run.firstSeq <= seq)!;
          expect(epoch).toBe(log.get(seq)!.epoch);
          expect(log.markAt(seq)).toMatchObject({ epoch, id });
          expect(idAt(runs, seq)).toBe(id);
        }
        expect(runs[0]!.firstSeq).toBe(firstSeq);
        expect(new Set(runs.map((run) => run.epoch)).size).toBe(runs.length);
      }),
    );
  });

  it('returns a slice within its bounds, but at least one entry however large', () => {
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
    log.reset(10, { epoch: 7, id: 'seven' });
    expect(log.position).toEqual({ baseSeq: 10, baseEpoch: 7, baseEpochId: 'seven', lastSeq: 10, history: [] });
    expect([log.lastEpoch, log.lastEpochId, log.bytes]).toEqual([7, 'seven', 0]);
    log.append(entry(11, 7), 'seven');
    expect(log.markAt(11)).toMatchObject({ epoch: 7, id: 'seven' });
  });

  it('equals a plain array after any appends, cuts and drops', () => {
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
            append(log, entries.at(-1)!);
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
          expectToHold(log, base, entries);
        }
      }),
    );
  });
});

describe('packed log', () => {
  const key = fc.string({ unit: 'binary', maxLength: 6 });
  const value = fc.option(fc.uint8Array({ maxLength: 6 }), { nil: undefined });
  const writeCount = fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 4 }));
  const run = fc.record({ entries: fc.constantFrom(1, 100, 255, 256, 257, 600), epochs: fc.nat(1), key, value, writeCount });

  it('holds the same entries as an unpacked log, whatever was dropped, and accepts further entries', () => {
    fc.assert(
      fc.property(
        fc.array(run, { maxLength: 4 }),
        fc.constantFrom(1, 7, 256),
        fc.nat(1000),
        fc.nat(1000),
        (runs, blockEntries, packed, dropped) => {
          const log = new Log();
          const twin = new Log();
          for (const { entries, epochs, key, value, writeCount } of runs) {
            const epoch = log.lastEpoch + epochs;
            for (let i = 0; i < entries; i++) {
              const writes = Array.from({ length: writeCount }, (_, at) => ({ key: `${key}${i}${at}`, value }));
              const next = { seq: log.lastSeq + 1, epoch, writes };
              append(log, next);
              append(twin, next);
            }
          }
          log.packThrough(Math.min(packed, log.lastSeq), blockEntries);
          expect(seen(log)).toEqual(seen(twin));
          for (const changed of [log, twin]) {
            changed.dropThrough(Math.min(dropped, changed.lastSeq));
            append(changed, {
              seq: changed.lastSeq + 1,
              epoch: changed.lastEpoch + 1,
              writes: [{ key: 'after', value: undefined }],
            });
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

  it('does not copy a large value', () => {
    const log = new Log();
    const value = new Uint8Array(100_000);
    for (let seq = 1; seq <= 256; seq++) append(log, { seq, epoch: 1, writes: [{ key: 'large', value }] });
    log.packThrough(256, 256);
    expect(log.get(1)?.writes[0]?.value).toBe(value);
    expect(log.bytes).toBeGreaterThan(256 * value.length);
  });

  it('takes less memory, in blocks; the last few entries stay unpacked', () => {
    const log = new Log();
    for (let seq = 1; seq <= 600; seq++) append(log, entry(seq, 1));
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
    for (let seq = 1; seq <= 300; seq++) append(log, entry(seq, 1));
    log.packThrough(300, 256);
    expect(() => log.truncateAfter(200)).toThrow('packed');
    log.truncateAfter(256);
    expect(log.lastSeq).toBe(256);
  });

  it('begins anew after a reset', () => {
    const log = new Log();
    for (let seq = 1; seq <= 300; seq++) append(log, entry(seq, 1));
    log.packThrough(300, 256);
    const base = { epoch: 2, id: 'two' };
    log.reset(1000, base);
    expect([log.bytes, log.lastSeq, log.markAt(1000), log.get(1000)]).toEqual([0, 1000, base, undefined]);
  });
});

function expectToHold(log: Log, base: { readonly seq: number; readonly epoch: number }, entries: readonly LogEntry[]): void {
  const last = entries.at(-1) ?? base;
  expect(log.baseSeq).toBe(base.seq);
  expect(log.slice(base.seq + 1, 1000)).toEqual(entries);
  expect([log.lastSeq, log.lastEpoch, log.lastEpochId]).toEqual([last.seq, last.epoch, idOf(last.epoch)]);
  expect(log.bytes).toBe(entries.reduce((sum, kept) => sum + entryBytes(kept), 0));
  for (const kept of entries) expect(runEpochAt(log, kept.seq)).toBe(kept.epoch);
  for (const { seq, epoch } of [base, ...entries]) expect(log.markAt(seq)).toMatchObject({ epoch, id: idOf(epoch) });
}

/** Everything that a log reports except its bytes, for every seq, in short form. */
function seen(log: Log): unknown {
  const seqs = Array.from({ length: log.lastSeq + 2 }, (_, seq) => seq);
  const written = ({ key, value }: KeyWrite) => `${key} ${value?.join() ?? '-'}`;
  const text = (entry: LogEntry | undefined) => entry && `${entry.seq} ${entry.epoch} ${entry.writes.map(written).join(', ')}`;
  const mark = (seq: number) => `${log.markAt(seq)?.epoch} ${log.markAt(seq)?.id}`;
  return [log.position, seqs.map((seq) => `${mark(seq)} ${text(log.get(seq))}`).join('\n')];
}

/** The epoch of a position, from the list of runs alone. */
function runEpochAt(log: Log, seq: number): number {
  const { history, baseEpoch } = log.position;
  return history.findLast((run) => run.firstSeq <= seq)?.epoch ?? baseEpoch;
}
