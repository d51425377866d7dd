/**
 * The only place where a replica changes its role or its epoch. It also does the work that leaving a role requires.
 *
 *     follower -> claimant -> primary      a claim, a birth, the operator's command
 *     claimant -> follower                 the attempt has definitely failed
 *     follower -> primary                  named by a handover
 *     primary  -> follower                 a higher epoch, or its own disk is overdue
 */

import type { Effect } from '../protocol/effect.js';
import type { Epoch, EpochId, HistoryId } from '../protocol/ids.js';
import { type EpochMark, endOf } from '../protocol/lineage.js';
import type { ShardState } from '../protocol/shard-state.js';
import type { Core } from './core.js';
import { invariant } from './invariant.js';
import { Peers } from './peers.js';
import { rebase } from './rebase.js';
import { newFollower, type Primary, type Role } from './role.js';
import { Waiters } from './waiters.js';

const legal: Record<Role['kind'], readonly Role['kind'][]> = {
  follower: ['claimant', 'primary'],
  claimant: ['primary', 'follower'],
  primary: ['follower'],
};

function changeRole(core: Core, next: Role): void {
  const last = core.role;
  invariant(legal[last.kind].includes(next.kind), () => `no way from ${last.kind} to ${next.kind}`);
  core.role = next;
  if (last.kind === 'primary') {
    core.steppedDownMs = core.nowMs;
    core.clock.take(core.nowMs);
    resign(core, last);
  }
  if (last.kind === 'claimant' && next.kind === 'follower' && last.forceToken !== undefined) {
    refuseToForce(core, last.forceToken);
  }
}

function refuseToForce(core: Core, token: unknown): void {
  core.emit({ type: 'answer', token, answer: { kind: 'notForced', reason: 'the state changed meanwhile' } });
}

/**
 * A deposed primary finishes no write (R8). The entries that it appended in this turn are persisted here, so that storage holds
 * the same as the log.
 */
function resign(core: Core, last: Primary): void {
  if (last.givesUp !== undefined) refuseToForce(core, last.givesUp.token);
  core.persistAppended(core.log.slice(last.persistedSeq + 1, core.log.lastSeq - last.persistedSeq));
  core.emit({ type: 'links', to: [] });
  last.waiters.abandon(
    (token) => {
      if (token !== undefined) core.emit({ type: 'answer', token, answer: { kind: 'refused', refusal: 'OUTCOME_UNKNOWN' } });
    },
    ({ token, isRecorded }) => {
      const refusal = isRecorded ? 'OUTCOME_UNKNOWN' : 'NOT_PRIMARY';
      core.emit({ type: 'answer', token, answer: { kind: 'refused', refusal } });
    },
  );
  core.requests.abandonAfter(core.appliedSeq);
}

/**
 * A higher epoch ends the role of this replica (R8) and restarts its wait for a primary (R4). A replica that holds no copy may
 * come from another history, or from another epoch of the same number (R1).
 */
export function adoptEpoch(core: Core, history: HistoryId, mark: EpochMark): void {
  const { epoch } = mark;
  if (core.history === history && (epoch < core.epoch || core.epochId === mark.id)) return;
  // A replica with data of another line does not get here: `state-changes.ts` keeps that data.
  invariant(core.line === undefined || (core.history === history && epoch >= core.epoch), 'a copy is taken to another history');
  const wasSuperseded = core.register.supersede(mark.id);
  core.setEpoch(history, mark);
  core.syncNumber = 0;
  core.stayedMs = Number.NEGATIVE_INFINITY;
  core.loyalSinceMs = core.nowMs;
  core.deferred.clear();
  if (core.role.kind === 'follower') core.role = newFollower();
  else if (core.role.kind === 'primary' || core.role.epoch <= epoch || wasSuperseded) becomeFollower(core);
}

/** Ends the replica: the planned stop is over. */
export function exit(core: Core, clean: boolean): void {
  end(core, { type: 'stopped', clean });
}

/** Ends the replica: the shard has moved to other nodes (R15). */
export function release(core: Core): void {
  end(core, { type: 'released' });
}

/** Nothing happens after this, and no client is left waiting. */
function end(core: Core, last: Effect): void {
  if (core.role.kind === 'primary') resign(core, core.role);
  core.stopped = true;
  core.emit(last);
}

export function becomeFollower(core: Core): void {
  changeRole(core, newFollower());
}

export function becomeClaimant(core: Core, epoch: Epoch, epochId: EpochId, forceToken?: unknown): void {
  changeRole(core, { kind: 'claimant', epoch, epochId, forceToken });
}

/** The caller must know that ZooKeeper holds this `state`, and that it names this replica. */
export function becomePrimary(core: Core, { history, epoch, lineage, seqFloor, inSync }: ShardState, servesFromMs: number): void {
  const mark = endOf({ lineage });
  // In this order: a replica that recovers the epoch without its line after a crash could not claim again.
  core.setLine({ history, lineage });
  core.setEpoch(history, mark);
  core.foundHistory = undefined;
  core.syncNumber = 0;
  core.deferred.clear();
  // The seqs between the end of the log and the seq floor were given up: the log starts again at the floor (R13).
  if (core.log.lastSeq < seqFloor - 1) {
    invariant(inSync.length === 1, 'a log below the seq floor with other members in sync');
    rebase(core, seqFloor - 1, mark);
  }
  core.clock.take(core.nowMs);
  const uncommitted: Primary['uncommitted'] = new Map();
  for (const entry of core.log.slice(core.appliedSeq + 1, core.log.lastSeq - core.appliedSeq)) {
    for (const { key } of entry.writes) uncommitted.set(key, entry);
  }
  changeRole(core, {
    kind: 'primary',
    epoch,
    epochId: mark.id,
    sinceMs: core.nowMs,
    peers: new Peers(),
    peersOf: undefined,
    takeoverEnd: core.log.lastSeq,
    servesFromMs,
    serving: false,
    paused: false,
    nextBeaconMs: core.nowMs,
    syncNumber: 0,
    waiters: new Waiters(),
    uncommitted,
    expiring: new Map(),
    uncommittedBytes: 0,
    persistedSeq: core.log.lastSeq,
    flushAskedSeq: 0,
    handover: undefined,
    preferred: undefined,
    givesUp: undefined,
    lastBatch: undefined,
    ending: false,
  });
}
