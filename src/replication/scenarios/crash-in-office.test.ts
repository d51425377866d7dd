import { describe, expect, it } from 'vitest';
import type { Change } from '../effect.js';
import type { Event } from '../event.js';
import type { RecoveredReplica } from '../recovered.js';
import { Replica } from '../replica.js';
import type { ShardState } from '../shard-state.js';
import { defaultOptions } from '../testing/cluster.fixture.js';

const { graceMs } = defaultOptions;
const options = { ...defaultOptions, volatile: false, replicaId: 'a~1', idSeed: 'a/' };
const candidates = [{ replicaId: 'a~1', order: 1, stopping: false }];

/** The empty a has been told to begin in a cluster that was restored. What it wants on disk, in order, and what stands in ZooKeeper. */
function begun(): { changes: Change[]; state: ShardState } {
  const replica = new Replica(options, 0);
  replica.handle({ type: 'session', connected: true }, 0);
  replica.handle({ type: 'candidates', candidates }, 0);
  replica.handle({ type: 'stateMissing', isRestored: true, asOfMs: 0 }, 0);
  replica.handle({ type: 'force', token: {}, givesUp: [] }, 0);
  const write = replica.takeEffects().find((effect) => effect.type === 'writeState');
  if (write === undefined) throw new Error('the command was refused');
  replica.handle({ type: 'proposalResult', proposal: write.proposal, outcome: { kind: 'applied', version: 0 } }, 10);
  const changes = replica.takeEffects().flatMap((effect) => (effect.type === 'persist' ? [effect.change] : []));
  return { changes, state: write.next };
}

function found(changes: readonly Change[]): RecoveredReplica {
  const empty: RecoveredReplica = {
    ...{ history: undefined, epoch: 0, epochId: '', line: undefined, complete: true },
    ...{ baseSeq: 0, baseEpoch: 0, baseEpochId: '', entries: [], runs: [], appliedSeq: 0 },
  };
  let disk = empty;
  for (const change of changes) {
    if (change.type === 'epoch') disk = { ...disk, history: change.history, epoch: change.epoch, epochId: change.epochId };
    else if (change.type === 'line') disk = { ...disk, line: change.line };
    else if (change.type === 'rebase') disk = { ...disk, ...baseOf(change) };
    else throw new Error(`unexpected: ${change.type}`);
  }
  return disk;
}

function baseOf({ baseSeq, baseEpoch, baseEpochId }: Extract<Change, { type: 'rebase' }>): Partial<RecoveredReplica> {
  return { baseSeq, baseEpoch, baseEpochId, appliedSeq: baseSeq };
}

describe('a crash while an office is taken (R8, R13)', () => {
  const { changes, state } = begun();

  it.each(changes.map((_, index) => index + 1))('after %i of its writes it takes office all the same', (count) => {
    const replica = new Replica(options, 0, found(changes.slice(0, count)));
    let claims = false;
    const tell = (event: Event, nowMs: number): void => {
      replica.handle(event, nowMs);
      for (const effect of replica.takeEffects()) {
        claims ||= effect.type === 'writeState' && effect.next.primary === 'a~1';
        if (effect.type === 'persist') replica.handle({ type: 'persisted', write: effect.write }, nowMs);
      }
    };
    tell({ type: 'session', connected: true }, 0);
    tell({ type: 'candidates', candidates }, 0);
    tell({ type: 'stateRead', version: 0, state, asOfMs: 0 }, 0);
    for (let nowMs = 50; nowMs < 3 * graceMs; nowMs += 50) tell({ type: 'tick' }, nowMs);
    expect(claims || replica.isPrimaryIn(state.epoch)).toBe(true);
  });
});
