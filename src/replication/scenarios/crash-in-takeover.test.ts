import { describe, expect, it } from 'vitest';
import type { Change, Effect } from '../protocol/effect.js';
import type { Event } from '../protocol/event.js';
import type { RecoveredReplica } from '../protocol/recovered.js';
import type { ShardState } from '../protocol/shard-state.js';
import { Replica } from '../replica.js';
import { defaultOptions } from '../testing/cluster.fixture.js';

const { graceMs } = defaultOptions;
const options = { ...defaultOptions, volatile: false, replicaId: 'a~1', idSeed: 'a/' };
const candidates = [{ replicaId: 'a~1', order: 1, stopping: false }];

const lost: ShardState = {
  history: 'lost',
  epoch: 3,
  lineage: [{ epoch: 3, id: 'three' }],
  primary: 'b~1',
  inSync: ['b~1'],
  seqFloor: 1,
  givenUp: [],
};

/**
 * The empty a received the command to begin in a restored cluster; it may have known the lost history. These are its writes to
 * disk, in order, before the command and after it, and the content of ZooKeeper.
 */
function begun(known: boolean): { before: Change[]; changes: Change[]; state: ShardState } {
  const replica = new Replica(options, 0);
  const persisted = (effects: readonly Effect[]): Change[] =>
    effects.flatMap((effect) => {
      if (effect.type !== 'persist') return [];
      replica.handle({ type: 'persisted', write: effect.write }, 10);
      return [effect.change];
    });
  replica.handle({ type: 'session', connected: true }, 0);
  replica.handle({ type: 'candidates', candidates }, 0);
  if (known) replica.handle({ type: 'stateRead', version: 0, state: lost, asOfMs: 0 }, 0);
  const before = persisted(replica.takeEffects());
  replica.handle({ type: 'stateMissing', isRestored: true, asOfMs: 10 }, 10);
  replica.handle({ type: 'force', token: {}, givesUp: [] }, 10);
  const write = replica.takeEffects().find((effect) => effect.type === 'writeState');
  if (write === undefined) throw new Error('the command was refused');
  replica.handle({ type: 'proposalResult', proposal: write.proposal, outcome: { kind: 'applied', version: 0 } }, 10);
  return { before, changes: persisted(replica.takeEffects()), state: write.next };
}

function found(changes: readonly Change[]): RecoveredReplica {
  const empty: RecoveredReplica = {
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

/** Starts a again with these writes, and returns what it does. */
class Restarted {
  readonly replica: Replica;
  claims = false;

  constructor(changes: readonly Change[], state: ShardState) {
    this.replica = new Replica(options, 0, found(changes));
    this.handle({ type: 'session', connected: true }, 0);
    this.handle({ type: 'candidates', candidates }, 0);
    this.handle({ type: 'stateRead', version: 0, state, asOfMs: 0 }, 0);
    for (let nowMs = 50; nowMs < 3 * graceMs; nowMs += 50) this.handle({ type: 'tick' }, nowMs);
  }

  handle(event: Event, nowMs: number): void {
    this.replica.handle(event, nowMs);
    for (const effect of this.replica.takeEffects()) {
      this.claims ||= effect.type === 'writeState' && effect.next.primary === 'a~1';
      if (effect.type === 'persist') this.replica.handle({ type: 'persisted', write: effect.write }, nowMs);
    }
  }
}

describe('a crash while a replica becomes primary (R8, R13)', () => {
  for (const known of [false, true]) {
    const { before, changes, state } = begun(known);
    const what = known ? 'having known another history' : 'having known none';

    it.each(changes.map((_, index) => index + 1))(`after %i of its writes it still becomes primary, ${what}`, (count) => {
      const { claims, replica } = new Restarted([...before, ...changes.slice(0, count)], state);
      expect(claims || replica.isPrimaryIn(state.epoch)).toBe(true);
    });

    it(`before the first write it becomes primary, or is offline and takes the command again, ${what}`, () => {
      const restarted = new Restarted(before, state);
      const { replica } = restarted;
      if (replica.isPrimaryIn(state.epoch)) return;
      expect(replica.status(3 * graceMs).offline).toBe(true);
      restarted.handle({ type: 'force', token: {}, givesUp: [] }, 3 * graceMs);
      expect(restarted.claims).toBe(true);
    });
  }
});
