import { describe, expect, it } from 'vitest';
import { defaultOptions } from '../testing/cluster.fixture.js';
import { Core } from './core.js';
import { compact, noNeeds } from './retention.js';

/** Holds 100 entries of 138 bytes, of which `applied` are applied. */
function coreWith(options: object, applied: number): Core {
  const core = new Core({ ...defaultOptions, replicaId: 'a~1', idSeed: 'a', ...options }, 0);
  for (let seq = 1; seq <= 100; seq++)
    core.log.append({ seq, epoch: 1, writes: [{ key: 'k', value: new Uint8Array(9) }] }, 'one');
  core.commitIndex = applied;
  core.appliedSeq = applied;
  return core;
}

function baseAfter(options: object, applied: number, needs?: Parameters<typeof compact>[1]): number {
  const core = coreWith(options, applied);
  compact(core, needs);
  return core.log.baseSeq;
}

describe('retention', () => {
  it('keeps the configured number of applied entries', () => {
    expect(baseAfter({ retainEntries: 20 }, 90)).toBe(70);
  });

  it('drops a part at a time', () => {
    expect(baseAfter({ retainEntries: 80 }, 99)).toBe(0);
    expect(baseAfter({ retainEntries: 80 }, 100)).toBe(20);
  });

  it('keeps entries that are not applied', () => {
    expect(baseAfter({ retainEntries: 1 }, 40)).toBe(39);
    expect(baseAfter({ retainBytes: 1 }, 40)).toBeLessThanOrEqual(40);
  });

  it('halves the applied entries above its bound in bytes, however few remain', () => {
    expect(baseAfter({ retainBytes: 10_000 }, 80)).toBe(40);
  });

  it('keeps the entries that a following peer lacks, within the bound in bytes only', () => {
    expect(baseAfter({ retainEntries: 20 }, 90, { ...noNeeds, followingFromSeq: 31 })).toBe(30);
    expect(baseAfter({ retainBytes: 10_000 }, 80, { ...noNeeds, followingFromSeq: 31 })).toBe(40);
  });

  it('keeps what a peer lacks that is to follow again, and packs it', () => {
    expect(baseAfter({ retainEntries: 20 }, 90, { ...noNeeds, returningFromSeq: 31 })).toBe(30);
    expect(baseAfter({ retainBytes: 10_000 }, 80, { ...noNeeds, returningFromSeq: 31 })).toBe(40);
    const core = coreWith({ retainEntries: 100 }, 90);
    const lacked = core.log.get(51);
    compact(core, { ...noNeeds, returningFromSeq: 51 });
    expect(core.log.get(51)).not.toBe(lacked);
  });

  it('packs only entries that are applied and that followers have', () => {
    const core = coreWith({ retainEntries: 100 }, 90);
    const [inFlight, unapplied] = [core.log.get(51), core.log.get(91)];
    const before = core.log.bytes;
    compact(core, { ...noNeeds, followingFromSeq: 51 });
    expect(core.log.bytes).toBeLessThan((before * 2) / 3);
    expect(core.log.get(51)).toBe(inFlight);
    compact(core);
    expect(core.log.get(51)).not.toBe(inFlight);
    expect(core.log.get(91)).toBe(unapplied);
  });

  it('keeps the entries that a snapshot needs, up to eight times that bound', () => {
    expect(baseAfter({ retainBytes: 10_000 }, 80, { ...noNeeds, snapshotFromSeq: 11 })).toBe(10);
    expect(baseAfter({ retainBytes: 1000 }, 80, { ...noNeeds, snapshotFromSeq: 11 })).toBe(40);
  });
});
