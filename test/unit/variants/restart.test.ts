/** What outlives the process (R4, R8): variants that break one sentence of the rule each. */
import { expect } from 'vitest';
import { defaultOptions } from '../../../src/replication/testing/cluster.fixture.js';
import { describeVariants, script } from './variant.js';
import { edit, type Lab } from './variant-lab.js';

describeVariants('restart with data', [
  {
    rule: 'R4',
    does: 'does not count the end of its earlier process as a beacon',
    edits: [edit('state/recovery.ts', 'Math.max(endedMs, core.nowMs', 'Math.max(endedMs - graceMs, core.nowMs')],
    caughtBy: script(checkNoClaimWithinGrace),
  },
  {
    rule: 'R4',
    does: 'waits for no beacon if its earlier process ended long ago',
    edits: [edit('state/recovery.ts', 'const beaconsAfterRestart = 4;', 'const beaconsAfterRestart = 0;')],
    caughtBy: script(checkNoClaimBeforeBeacons),
  },
  {
    rule: 'R4',
    does: 'does not count the end of its earlier process as a beacon where the state names itself',
    edits: [edit('state/core.ts', '? this.#endedMs :', '? Number.NEGATIVE_INFINITY :')],
    caughtBy: script(checkNoClaimWithinGraceOfItself),
  },
  {
    rule: 'R8',
    does: 'resumes the epoch in which it was primary',
    edits: [edit('state-changes.ts', 'return state.epoch > core.epoch', 'return state.epoch >= core.epoch')],
    caughtBy: script(checkNoEpochIsResumed),
  },
]);

const a = { replicaId: 'a~1', order: 1, stopping: false };
const b = { replicaId: 'b~1', order: 2, stopping: false };
const line = { history: 'h', lineage: [{ epoch: 1, id: 'one' }] };
const state = { ...line, epoch: 1, primary: 'a~1', inSync: ['a~1', 'b~1'], seqFloor: 1, givenUp: [] };

/** A member of epoch 1, alive again, that has read the state. */
function restarted({ Replica }: Lab, replicaId: string, nowMs = 0, endedMs = 0): InstanceType<Lab['Replica']> {
  const recovered = {
    history: 'h',
    epoch: 1,
    epochId: 'one',
    epochRemovals: 0,
    line,
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
  const options = { ...defaultOptions, volatile: false, replicaId, idSeed: replicaId };
  const replica = new Replica(options, nowMs, recovered, endedMs);
  replica.handle({ type: 'session', connected: true }, nowMs);
  replica.handle({ type: 'candidates', candidates: [a, b] }, nowMs);
  replica.handle({ type: 'stateRead', version: 0, state, asOfMs: nowMs }, nowMs);
  return replica;
}

/** Before it died, b may have answered a beacon: a may hold a lease. */
function checkNoClaimWithinGrace(lab: Lab): void {
  const replica = restarted(lab, 'b~1');
  for (let nowMs = 50; nowMs < defaultOptions.graceMs; nowMs += 50) replica.handle({ type: 'tick' }, nowMs);
  expect(replica.takeEffects().map(({ type }) => type)).not.toContain('writeState');
}

/** Before a died, its earlier process may have answered a beacon of another primary, and not yet have known of its own claim. */
function checkNoClaimWithinGraceOfItself(lab: Lab): void {
  const { graceMs, beaconMs } = defaultOptions;
  const startMs = graceMs - beaconMs;
  // b is in line as well, and claims two beacons earlier.
  const allowedMs = graceMs + 2 * beaconMs;
  const replica = restarted(lab, 'a~1', startMs);
  const claims = (): boolean => replica.takeEffects().some(({ type }) => type === 'writeState');
  for (let nowMs = startMs; nowMs < allowedMs; nowMs += 10) {
    replica.handle({ type: 'tick' }, nowMs);
    expect(claims()).toBe(false);
  }
  replica.handle({ type: 'tick' }, allowedMs);
  expect(claims()).toBe(true);
}

/** The primary serves, and needs some beacons to find out that b is back, however long its recovery took. */
function checkNoClaimBeforeBeacons(lab: Lab): void {
  const startMs = 10 * defaultOptions.graceMs;
  const replica = restarted(lab, 'b~1', startMs);
  const claims = (): boolean => replica.takeEffects().some(({ type }) => type === 'writeState');
  for (let forMs = 10; forMs < 4 * defaultOptions.beaconMs; forMs += 10) {
    replica.handle({ type: 'tick' }, startMs + forMs);
    expect(claims()).toBe(false);
  }
  replica.handle({ type: 'tick' }, startMs + 5 * defaultOptions.beaconMs);
  expect(claims()).toBe(true);
}

/** The restarted replica has forgotten the messages that it sent and received in that epoch. */
function checkNoEpochIsResumed(lab: Lab): void {
  const replica = restarted(lab, 'a~1');
  expect(replica.isPrimaryIn(1)).toBe(false);
}
