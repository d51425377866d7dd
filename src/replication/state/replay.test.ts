import { describe, expect, it } from 'vitest';
import type { Change } from '../protocol/effect.js';
import type { LogEntry } from '../protocol/log-entry.js';
import type { ReplicaMetadata, StoredSnapshot } from '../protocol/recovered.js';
import { LoggedMetadata } from './logged-metadata.js';
import { Replay, type ReplayStart } from './replay.js';

/** A change, and the last entry that was applied before it. */
type Logged = readonly [change: Change, appliedSeq: number];

const line = { history: 'h', lineage: [{ epoch: 1, id: 'one' }] };
const position = { seq: 3, epoch: 1, epochId: 'one' };
const snapshot: StoredSnapshot = { resets: 0, position, throughSeq: 3, requests: [], requestFloor: 0, timeMs: 0 };

function entry(seq: number, epoch = 1): LogEntry {
  return { seq, epoch, writes: [{ key: `k${seq}`, value: new Uint8Array([epoch]) }] };
}

function append(from: number, to: number, epoch = 1, id = 'one'): Change {
  const entries = Array.from({ length: to - from + 1 }, (_, index) => entry(from + index, epoch));
  return { type: 'append', entries, runs: [{ epoch, id, firstSeq: from }] };
}

function reset(baseSeq: number, complete: boolean): Change {
  return { type: 'reset', baseSeq, baseEpoch: 1, baseEpochId: 'one', complete, requestFloor: baseSeq, timeMs: 0 };
}

const begun: readonly Logged[] = [
  [{ type: 'line', line }, 0],
  [{ type: 'epoch', history: 'h', epoch: 1, epochId: 'one', removals: 0 }, 0],
];

/** The applied entries by seq; a cleared store begins with the word. */
class Applied {
  seqs: (number | 'cleared')[] = [];
  apply(entries: readonly LogEntry[]): void {
    this.seqs.push(...entries.map(({ seq }) => seq));
  }
  clear(): void {
    this.seqs = ['cleared'];
  }
  rebased(): void {}
}

function replay(changes: readonly Logged[], { settledSeq, ...start }: Partial<ReplayStart> & { settledSeq?: number } = {}) {
  const store = new Applied();
  const replaying = new Replay({ store, retainEntries: 1000, retainBytes: 1_000_000, ...start });
  if (settledSeq !== undefined) replaying.settle(settledSeq);
  for (const [change, appliedSeq] of changes) replaying.add(change, appliedSeq);
  const { appliedPosition } = replaying;
  const { replica, problem } = replaying.finish();
  return { replica, problem, appliedPosition, applied: store.seqs, metadata: replaying.metadata.current };
}

function metadataAfter(changes: readonly Logged[]): ReplicaMetadata {
  const metadata = new LoggedMetadata();
  for (const [change, appliedSeq] of changes) metadata.add(change, appliedSeq);
  return metadata.current;
}

describe('replay', () => {
  it('applies what later changes name as applied, and keeps the rest of the log above it', () => {
    const { replica, applied } = replay([...begun, [append(1, 3), 0], [append(4, 5), 2]]);
    expect(applied).toEqual([1, 2]);
    expect(replica).toMatchObject({
      ...{ history: 'h', epoch: 1, epochId: 'one', line, complete: true },
      appliedSeq: 2,
      baseSeq: 0,
    });
    expect(replica?.entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });

  it('knows up to where the store has applied the log before the end', () => {
    const known = replay([...begun, [append(1, 3), 0], [append(4, 5, 2, 'two'), 2], [append(6, 6, 2, 'two'), 4]]);
    expect(known.appliedPosition).toEqual({ position: { seq: 4, epoch: 2, epochId: 'two' }, requestFloor: 0, timeMs: 0 });
    const passed = replay([...begun, [append(1, 9), 0]], { retainEntries: 1, settledSeq: 10 });
    expect(passed.appliedPosition?.position).toEqual({ ...position, seq: 9 });
    const metadata = metadataAfter([...begun, [append(1, 3), 0]]);
    expect(replay([[append(4, 5), 3]], { metadata, snapshot }).appliedPosition?.position).toEqual(position);
    expect(replay([...begun, [reset(3, false), 0]]).appliedPosition).toBeUndefined();
  });

  it('keeps only the newest entries where it knows that none is cut, and finds the same', () => {
    const changes: Logged[] = [
      ...begun,
      [append(1, 2), 0],
      [append(3, 6), 1],
      [append(7, 8, 2, 'two'), 6],
      [append(9, 10, 2, 'two'), 8],
    ];
    const bounds = { retainEntries: 2, retainBytes: 1_000_000 };
    const settled = replay(changes, { ...bounds, settledSeq: 8 });
    expect(settled.applied).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(settled.replica).toMatchObject({ baseSeq: 6, baseEpoch: 1, baseEpochId: 'one', appliedSeq: 8 });
    expect(settled.replica?.entries.map(({ seq }) => seq)).toEqual([7, 8, 9, 10]);
    expect(settled.replica?.runs).toEqual([{ epoch: 2, id: 'two', firstSeq: 7 }]);
    expect(settled.metadata).toEqual(replay(changes, bounds).metadata);
    const covered = replay(changes, { ...bounds, settledSeq: 8, snapshot: { ...snapshot, throughSeq: 5 } });
    expect(covered.applied).toEqual([4, 5, 6, 7, 8]);
  });

  it('finds what is missing or does not fit also where it knows that nothing is cut', () => {
    const bounds = { retainEntries: 0, retainBytes: 1_000_000, settledSeq: 9 };
    const metadata = metadataAfter([...begun, [append(1, 5), 0]]);
    expect(replay([[append(6, 9), 9]], { ...bounds, metadata, snapshot }).problem).toBe('its log lacks the entries from 4 to 9');
    expect(() => replay([...begun, [append(1, 2), 0], [append(4, 5), 2]], bounds)).toThrow('entry 4 does not follow 2');
    expect(() => replay([...begun, [append(1, 2), 0], [append(3, 4, 1, 'other'), 2]], bounds)).toThrow('of another epoch 1');
  });

  it('applies only what a snapshot lacks, up to its newest item', () => {
    const changes: Logged[] = [...begun, [append(1, 3), 0], [append(4, 6), 2]];
    const { replica, applied } = replay(changes, { snapshot: { ...snapshot, throughSeq: 5 } });
    expect(applied).toEqual([4, 5]);
    expect(replica?.appliedSeq).toBe(5);
  });

  it('refuses a snapshot without the log up to its newest item', () => {
    const { replica, problem } = replay([...begun, [append(1, 4), 0]], { snapshot: { ...snapshot, throughSeq: 5 } });
    expect(replica).toBeUndefined();
    expect(problem).toBe('its log ends at 4, and its snapshot may hold items up to 5');
  });

  it('begins at metadata that the snapshot covers', () => {
    const metadata = metadataAfter([...begun, [append(1, 3), 0]]);
    const { replica, applied } = replay([[append(4, 5), 4]], { metadata, snapshot });
    expect(applied).toEqual([]);
    expect(replica).toMatchObject({ baseSeq: 3, baseEpochId: 'one', appliedSeq: 3, line });
    expect(replica?.entries).toHaveLength(2);
  });

  it('finds that entries between the snapshot and the beginning are missing', () => {
    const metadata = metadataAfter([...begun, [append(1, 5), 0]]);
    expect(replay([[append(6, 7), 4]], { metadata, snapshot }).problem).toBe('its log lacks the entries from 4 to 5');
  });

  it('refuses a complete copy whose snapshot is missing', () => {
    const missing = 'the snapshot that its log continues is missing';
    expect(replay([], { metadata: metadataAfter([...begun, [append(1, 5), 0]]) }).problem).toBe(missing);
    expect(replay([...begun, [reset(3, false), 0], [{ type: 'complete' }, 3]]).problem).toBe(missing);
  });

  it('cuts entries that were replaced, also below the entry at which it begins', () => {
    const later: Logged[] = [
      [{ type: 'truncate', afterSeq: 2 }, 1],
      [append(3, 3, 2, 'two'), 1],
      [append(4, 4, 2, 'two'), 3],
    ];
    const before: Logged[] = [...begun, [append(1, 5), 0]];
    const whole = replay([...before, ...later]);
    expect(whole.applied).toEqual([1, 2, 3]);
    expect(whole.replica?.runs).toEqual([
      { epoch: 1, id: 'one', firstSeq: 1 },
      { epoch: 2, id: 'two', firstSeq: 3 },
    ]);
    const covered = { ...snapshot, position: { seq: 3, epoch: 2, epochId: 'two' } };
    const { replica } = replay(later, { metadata: metadataAfter(before), snapshot: covered });
    expect(replica).toMatchObject({ baseSeq: 3, baseEpoch: 2, baseEpochId: 'two', appliedSeq: 3 });
  });

  it('applies nothing of a log that was discarded before the snapshot, and clears the store where a later one was', () => {
    const changes: Logged[] = [...begun, [append(1, 2), 0], [append(3, 3), 2], [reset(10, false), 2], [append(11, 12), 10]];
    const laid = { ...snapshot, resets: 1, position: { ...position, seq: 10 }, throughSeq: 11 };
    const { replica, applied } = replay([...changes, [{ type: 'complete' }, 11]], { snapshot: laid });
    expect(applied).toEqual([11]);
    expect(replica).toMatchObject({ complete: true, line: undefined, baseSeq: 10, appliedSeq: 11 });
    const halfLaid = replay(changes, { snapshot });
    expect(halfLaid.applied).toEqual(['cleared']);
    expect(halfLaid.replica).toMatchObject({ complete: false, appliedSeq: 10 });
  });

  it('continues above a rebase, and forgets the requests that were known before it', () => {
    const request = { client: 'c', number: 1, lowest: 1, fingerprint: 0, floor: 0, seq: 1, answer: undefined };
    const first: Change = { type: 'append', entries: [{ ...entry(1), request }], runs: [{ epoch: 1, id: 'one', firstSeq: 1 }] };
    expect(replay([...begun, [first, 0], [append(2, 2), 1]]).replica?.requests).toEqual([request]);
    const rebase: Change = { type: 'rebase', baseSeq: 100, baseEpoch: 2, baseEpochId: 'two', entries: [entry(101, 2)] };
    const { replica, applied, metadata } = replay([...begun, [first, 0], [append(2, 2), 0], [rebase, 1]]);
    expect(applied).toEqual([1]);
    expect(replica).toMatchObject({ baseSeq: 100, appliedSeq: 100, requests: [], requestFloor: 100 });
    expect(metadata.end).toEqual({ seq: 101, epoch: 2, epochId: 'two' });
  });

  it('finds that entries are missing which were applied before a rebase', () => {
    const metadata = metadataAfter([...begun, [append(1, 5), 0]]);
    const rebase: Change = { type: 'rebase', baseSeq: 100, baseEpoch: 2, baseEpochId: 'two', entries: [] };
    const changes: Logged[] = [
      [append(6, 7), 5],
      [rebase, 7],
    ];
    expect(replay(changes, { metadata, snapshot }).problem).toBe('its log lacks the entries from 4 to 7');
    // What is there may be in a database already, so the next start must find the same.
    const after = replay([...changes, [append(101, 103, 2, 'two'), 100], [append(104, 104, 2, 'two'), 103]], {
      metadata,
      snapshot,
    });
    expect(after).toMatchObject({ applied: [], appliedPosition: { position } });
    const whole = { ...snapshot, position: { ...position, seq: 5 }, throughSeq: 5 };
    expect(replay(changes, { metadata, snapshot: whole }).replica?.appliedSeq).toBe(100);
    const later: Logged[] = [...changes, [reset(120, true), 100]];
    expect(replay(later, { metadata, snapshot }).replica?.appliedSeq).toBe(120);
  });

  it('keeps only the newest applied entries, by number and by memory', () => {
    const changes: Logged[] = [...begun];
    for (let seq = 1; seq <= 100; seq++) changes.push([append(seq, seq), seq - 1]);
    const few = replay(changes, { retainEntries: 8 }).replica?.entries.map(({ seq }) => seq) ?? [];
    expect(few.at(-1)).toBe(100);
    expect(few.length).toBeLessThanOrEqual(8 + 2 + 1);
    const small = replay(changes, { retainBytes: 1000 }).replica;
    expect(small?.entries.length).toBeLessThanOrEqual(8);
    expect(small).toMatchObject({ appliedSeq: 99, baseEpochId: 'one' });
  });
});
