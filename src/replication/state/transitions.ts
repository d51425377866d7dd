/**
 * The only place where a replica changes its role or its epoch, with the work that leaving a role takes.
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
    resign(core, last);
  }
  if (last.kind === 'claimant' && next.kind === 'follower' && last.forceToken !== undefined) {
    refuseToForce(core, last.forceToken);
  }
}

function refuseToForce(core: Core, token: unknown): void {
  core.emit({ type: 'answer', token, answer: { kind: 'notForced', reason: 'the state changed meanwhile' } });
}

/** A deposed primary finishes no write (R8). What it appended in this turn has gone nowhere yet: storage has what the log has. */
function resign(core: Core, last: Primary): void {
  if (last.givesUp !== undefined) refuseToForce(core, last.givesUp.token);
  core.persistAppended(core.log.slice(last.persistedSeq + 1, core.log.lastSeq - last.persistedSeq));
  core.emit({ type: 'links', to: [] });
  last.waiters.abandon(
    (token) => core.emit({ type: 'answer', token, answer: { kind: 'refused', refusal: 'OUTCOME_UNKNOWN' } }),
    (waiter) => core.emit({ type: 'answer', token: waiter.token, answer: { kind: 'refused', refusal: 'NOT_PRIMARY' } }),
  );
}

/**
 * Steps down from whatever a higher epoch ends (R8), and begins the wait for its primary anew (R4). A replica that holds no
 * copy may come from another history, or from another epoch of this number (R1).
 */
export function adoptEpoch(core: Core, history: HistoryId, mark: EpochMark): void {
  const { epoch } = mark;
  if (core.history === history && (epoch < core.epoch || core.epochId === mark.id)) return;
  // Data of the epoch known would be of another line than the epoch of the same number: `state-changes.ts` keeps that.
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

/** The planned stop is over. */
export function exit(core: Core, clean: boolean): void {
  end(core, { type: 'stopped', clean });
}

/** The shard has moved away from here (R15). */
export function release(core: Core): void {
  end(core, { type: 'released' });
}

/** Nothing is done from here on, and nobody is left waiting. */
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

/** To be called only once `state` is known to be what ZooKeeper holds, and to name this replica. */
export function becomePrimary(core: Core, { history, epoch, lineage, seqFloor, inSync }: ShardState, servesFromMs: number): void {
  const mark = endOf({ lineage });
  // In this order: one that finds the epoch after a crash, and not what it holds, could not claim again.
  core.setLine({ history, lineage });
  core.setEpoch(history, mark);
  core.foundHistory = undefined;
  core.syncNumber = 0;
  core.deferred.clear();
  // What the log lacks up to the seq floor was given up: the log starts again there (R13).
  if (core.log.lastSeq < seqFloor - 1) {
    invariant(inSync.length === 1, 'a log below the seq floor with other members in sync');
    core.rebase(seqFloor - 1, mark);
  }
  const uncommitted: Primary['uncommitted'] = new Map();
  for (const entry of core.log.slice(core.appliedSeq + 1, core.log.lastSeq - core.appliedSeq)) {
    uncommitted.set(entry.key, entry);
  }
  changeRole(core, {
    kind: 'primary',
    epoch,
    epochId: mark.id,
    sinceMs: core.nowMs,
    peers: new Map(),
    peersOf: undefined,
    takeoverEnd: core.log.lastSeq,
    servesFromMs,
    serving: false,
    paused: false,
    nextBeaconMs: core.nowMs,
    syncNumber: 0,
    waiters: new Waiters(),
    uncommitted,
    uncommittedBytes: 0,
    persistedSeq: core.log.lastSeq,
    handover: undefined,
    preferred: undefined,
    givesUp: undefined,
    ending: false,
  });
}
