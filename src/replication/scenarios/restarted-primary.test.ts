/** A primary that starts again with its data, after a recovery that took longer than grace, while `state` still names it. */
import { expect, it } from 'vitest';
import type { ShardState } from '../protocol/shard-state.js';
import { Replica } from '../replica.js';
import { defaultOptions } from '../testing/cluster.fixture.js';

const line = { history: 'h', lineage: [{ epoch: 1, id: 'one' }] };
const state: ShardState = { ...line, epoch: 1, primary: 'a~1', inSync: ['a~1'], seqFloor: 1, givenUp: [] };
const { beaconMs, graceMs } = defaultOptions;
const startMs = 10 * graceMs;

/** The replica a~1 has read the state at its start. Its earlier process ended long ago. */
function restarted(read: ShardState): Replica {
  const recovered = {
    ...{ history: 'h', epoch: 1, epochId: 'one', epochRemovals: 0, line, complete: true },
    ...{ baseSeq: 0, baseEpoch: 0, baseEpochId: '', entries: [], runs: [], appliedSeq: 0 },
    ...{ requests: [], requestFloor: 0, loggedTimeMs: 0, timeMs: 0 },
  };
  const replica = new Replica({ ...defaultOptions, volatile: false, replicaId: 'a~1', idSeed: 'a' }, startMs, recovered, 0);
  replica.handle({ type: 'session', connected: true }, startMs);
  replica.handle({ type: 'candidates', candidates: [{ replicaId: 'a~1', order: 1, stopping: false }] }, startMs);
  replica.handle({ type: 'stateRead', version: 0, state: read, asOfMs: startMs }, startMs);
  return replica;
}

/** Beacon intervals from its start until it claims, at most 10. */
function beaconsUntilClaim(replica: Replica, from = 0): number {
  for (let beacons = from; beacons < 10; beacons++) {
    replica.handle({ type: 'tick' }, startMs + beacons * beaconMs);
    if (replica.takeEffects().some(({ type }) => type === 'writeState')) return beacons;
  }
  return 10;
}

it('claims after two beacon intervals, in which it would receive what was sent to it, and not after four (R4)', () => {
  expect(beaconsUntilClaim(restarted(state))).toBe(2);
});

it('waits four beacon intervals where the state names another primary, which may serve (R4)', () => {
  expect(beaconsUntilClaim(restarted({ ...state, primary: 'b~1', inSync: ['a~1', 'b~1'] }))).toBe(4);
});

it('does not claim once a primary of a newer epoch has reached it, whatever an older state names (R3)', () => {
  const replica = restarted(state);
  const from = { history: 'h', epoch: 2, epochId: 'two', from: 'b~1', to: 'a~1' };
  const body = { type: 'beacon', sentAtMs: 0, probe: false, commitIndex: 0, stopping: false, mayLeaveMs: 0 } as const;
  replica.handle({ type: 'message', message: { ...from, body } }, startMs + beaconMs);
  expect(replica.epoch).toBe(2);
  expect(beaconsUntilClaim(replica, 1)).toBe(10);
});
