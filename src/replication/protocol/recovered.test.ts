import { describe, expect, it } from 'vitest';
import { Replica } from '../replica.js';
import { defaultOptions } from '../testing/cluster.fixture.js';
import type { Effect } from './effect.js';
import type { Event } from './event.js';
import type { Line } from './lineage.js';
import type { RecoveredReplica } from './recovered.js';
import { born, type ShardState } from './shard-state.js';

const { graceMs } = defaultOptions;
const one = { epoch: 1, id: 'one' };
const line: Line = { history: 'h', lineage: [one] };
const nothing: RecoveredReplica = {
  history: undefined,
  epoch: 0,
  epochId: '',
  epochRemovals: 0,
  line: undefined,
  complete: true,
  baseSeq: 0,
  baseEpoch: 0,
  baseEpochId: '',
  entries: [],
  runs: [],
  appliedSeq: 0,
  requests: [],
  requestFloor: 0,
  loggedTimeMs: 0,
  timeMs: 0,
};
const found: RecoveredReplica = {
  ...nothing,
  history: 'h',
  epoch: 1,
  epochId: 'one',
  line,
  appliedSeq: 1,
  runs: [{ ...one, firstSeq: 1 }],
  entries: [1, 2].map((seq) => ({ seq, epoch: 1, writes: [{ key: 'k', value: new Uint8Array([seq]) }] })),
};

/** The data left by a snapshot that was not finished. */
const halfLaid: RecoveredReplica = { ...found, complete: false, line: undefined, appliedSeq: 0, entries: [], runs: [] };
const epochOne = { history: 'h', epoch: 1, epochId: 'one' };

/** b, started again at 0 ms, with its session; a was the primary of epoch 1. Writes are durable at once. */
class Restarted {
  readonly replica: Replica;
  readonly sent: Effect[] = [];

  constructor(recovered: RecoveredReplica = found) {
    this.replica = new Replica({ ...defaultOptions, replicaId: 'b', idSeed: 'b', volatile: false }, 0, recovered);
    this.handle({ type: 'session', connected: true }, 0);
    const candidates = ['a', 'b'].map((replicaId, order) => ({ replicaId, order, stopping: false }));
    this.handle({ type: 'candidates', candidates }, 0);
  }

  handle(event: Event, nowMs: number): void {
    this.replica.handle(event, nowMs);
    for (let effects = this.replica.takeEffects(); effects.length > 0; effects = this.replica.takeEffects()) {
      this.sent.push(...effects);
      for (const effect of effects) {
        if (effect.type === 'persist') this.replica.handle({ type: 'persisted', write: effect.write }, nowMs);
      }
    }
  }
  read(state: ShardState, nowMs: number): void {
    this.handle({ type: 'stateRead', version: state.epoch, state, asOfMs: Number.NEGATIVE_INFINITY }, nowMs);
  }
  receiveBeacon(sentAtMs: number): void {
    const body = { type: 'beacon', sentAtMs, probe: false, commitIndex: 0, stopping: false, mayLeaveMs: 0 } as const;
    this.handle({ type: 'message', message: { ...epochOne, from: 'a', to: 'b', body } }, sentAtMs);
  }
}

const both = ['a', 'b'];

/** Epoch 2 follows epoch 1 of the history whose data was found. */
function stateOf(epoch: 1 | 2, primary: string, inSync: readonly string[], seqFloor = 1): ShardState {
  const lineage = [one, { epoch: 2, id: 'two' }].slice(0, epoch);
  return { history: 'h', epoch, lineage, primary, inSync, seqFloor, givenUp: [] };
}

describe('a replica that starts again with its data', () => {
  it('has the recovered log, and applies only entries that it knows to be committed', () => {
    const { replica } = new Restarted();
    expect(replica.status(0)).toMatchObject({
      epoch: 1,
      lastSeq: 2,
      lastEpoch: 1,
      commitIndex: 1,
      appliedSeq: 1,
      complete: true,
      line,
    });
  });

  it('R1: names the history of its recovered data, and none without a complete copy', () => {
    const named = ({ sent }: Restarted) => sent.flatMap((effect) => (effect.type === 'holds' ? [effect.history] : []));
    expect(named(new Restarted())).toEqual(['h']);
    expect(named(new Restarted(halfLaid))).toEqual([]);
    expect(named(new Restarted(nothing))).toEqual([]);
  });

  it('R1: holds each entry under the epoch in which it was written', () => {
    const two = { epoch: 2, id: 'two' };
    const { replica } = new Restarted({
      ...found,
      epoch: 2,
      epochId: 'two',
      line: { history: 'h', lineage: [one, two] },
      baseSeq: 4,
      baseEpoch: 1,
      baseEpochId: 'one',
      appliedSeq: 4,
      entries: [5, 6].map((seq) => ({ seq, epoch: seq === 5 ? 1 : 2, writes: [{ key: 'k', value: undefined }] })),
      runs: [
        { ...one, firstSeq: 5 },
        { ...two, firstSeq: 6 },
      ],
    });
    expect(replica.status(0)).toMatchObject({ lastSeq: 6, lastEpoch: 2, appliedSeq: 4 });
    expect(replica.epochId).toBe('two');
  });

  it('R1: has the epoch of its line if it crashed before it persisted the epoch', () => {
    const lineage = [one, { epoch: 5, id: 'five' }];
    const { replica } = new Restarted({ ...found, line: { history: 'h', lineage } });
    expect([replica.epoch, replica.epochId]).toEqual([5, 'five']);
    const other = new Restarted({ ...found, epoch: 9, epochId: 'nine', line: { history: 'other', lineage } }).replica;
    expect([other.epoch, other.epochId]).toEqual([5, 'five']);
  });

  it('R7: claims from no state that lacks a removal which it knew of', () => {
    const state = { ...born('a', 'h', 'one'), epoch: 2, lineage: [one, { epoch: 2, id: 'two' }], inSync: ['a', 'b'] };
    for (const epochRemovals of [0, 1]) {
      const b = new Restarted({ ...found, epoch: 2, epochId: 'two', epochRemovals });
      b.handle({ type: 'stateRead', version: 3, state, asOfMs: 0 }, 0);
      for (let nowMs = 10; nowMs < 10_000; nowMs += 10) b.handle({ type: 'tick' }, nowMs);
      expect(b.sent.some(({ type }) => type === 'writeState')).toBe(epochRemovals === 0);
    }
  });

  it('R13: keeps its data where state is of another history, and neither claims nor follows', () => {
    const b = new Restarted();
    const lineage = [
      { epoch: 1, id: 'begun' },
      { epoch: 2, id: 'gone on' },
    ];
    b.read({ ...stateOf(2, 'a', both), history: 'other', lineage }, 10);
    for (let nowMs = 50; nowMs < 3 * graceMs; nowMs += 50) b.handle({ type: 'tick' }, nowMs);
    expect(b.replica.status(3 * graceMs)).toMatchObject({
      lastSeq: 2,
      line,
      foundHistory: { history: 'other' },
      offline: true,
    });
    expect(b.sent.map(({ type }) => type)).not.toContain('writeState');
    const notes = b.sent.flatMap((effect) => (effect.type === 'note' ? [effect.note.kind] : []));
    expect(notes).toContain('twoHistories');
  });

  it('R15: does not leave, even without data, while a proposal of its earlier process may still name it', () => {
    const restarted = new Restarted(nothing);
    restarted.handle({ type: 'placed', nodes: ['a'] }, 0);
    restarted.handle({ type: 'stateMissing', isRestored: false, asOfMs: 0 }, 0);
    restarted.handle({ type: 'tick' }, 10 * graceMs);
    expect(restarted.sent.map(({ type }) => type)).not.toContain('released');
    restarted.read(stateOf(1, 'b', ['b']), 11 * graceMs);
    expect(restarted.replica.isPrimaryIn(1)).toBe(true);
  });

  it('R8: never resumes an epoch in which it was primary', () => {
    const b = new Restarted();
    b.read(stateOf(1, 'b', both), 10);
    expect(b.replica.status(10).role).toBe('backup');
  });

  it('R4: counts its own start as a beacon', () => {
    const b = new Restarted();
    b.read(stateOf(1, 'a', both), 10);
    for (let nowMs = 50; nowMs < graceMs; nowMs += 50) b.handle({ type: 'tick' }, nowMs);
    expect(b.replica.status(graceMs).role).toBe('backup');
    b.handle({ type: 'tick' }, graceMs);
    expect(b.replica.status(graceMs).role).toBe('claimant');
  });

  it('R4: waits for the lease it has renewed since, if a claim of its earlier process made it primary', () => {
    const b = new Restarted();
    b.receiveBeacon(100);
    expect(b.sent.some((effect) => effect.type === 'send' && effect.message.body.type === 'beaconAnswer')).toBe(true);
    b.read(stateOf(2, 'b', ['b']), 200);
    expect(b.replica.refusalOfRead(200)).toBe('TAKEOVER_IN_PROGRESS');
    b.handle({ type: 'tick' }, 99 + graceMs);
    expect(b.replica.refusalOfRead(99 + graceMs)).toBe('TAKEOVER_IN_PROGRESS');
    b.handle({ type: 'tick' }, 100 + graceMs);
    expect(b.replica.refusalOfRead(100 + graceMs)).toBeUndefined();
  });

  it('R10: with a half-written snapshot it needs another one', () => {
    const b = new Restarted(halfLaid);
    const log = { baseSeq: 0, baseEpoch: 0, baseEpochId: '', lastSeq: 0, history: [] };
    const body = { type: 'sync', number: 1, log, lineage: line.lineage, commitIndex: 0, timeMs: 0, timeOffsetMs: 0 } as const;
    b.handle({ type: 'message', message: { ...epochOne, from: 'a', to: 'b', body } }, 10);
    const answers = b.sent.flatMap((effect) => (effect.type === 'send' ? [effect.message.body] : []));
    expect(answers).toContainEqual({ type: 'syncAnswer', number: 1, dumpNeeded: true, matchedSeq: 0, unflushed: 0 });
  });

  it('R13: begins empty with a half-written snapshot, if a command to its earlier process made it primary', () => {
    const b = new Restarted(halfLaid);
    const seqFloor = 2 ** 32 + 3;
    b.read(stateOf(2, 'b', ['b'], seqFloor), 10);
    const resets = b.sent.flatMap((effect) =>
      effect.type === 'persist' && effect.change.type === 'reset' ? [effect.change] : [],
    );
    expect(resets).toEqual([
      {
        type: 'reset',
        baseSeq: seqFloor - 1,
        baseEpoch: 2,
        baseEpochId: 'two',
        complete: true,
        requestFloor: seqFloor - 1,
        timeMs: expect.any(Number),
      },
    ]);
    b.handle({ type: 'tick' }, graceMs);
    expect(b.replica.status(graceMs)).toMatchObject({ role: 'primary', serving: true, complete: true, lastSeq: seqFloor - 1 });
  });
});
