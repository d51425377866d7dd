/** A tick: the steps that become due as time passes. */

import { advance } from './advance.js';
import { maybeWithdrawBirth } from './follower/claim.js';
import { noteIfOffline } from './offline.js';
import { isCoreQuiescent } from './quiescence.js';
import { noticeStall } from './stall.js';
import type { Core } from './state/core.js';
import { becomeFollower } from './state/transitions.js';
import { maybeLogTime } from './time-log.js';

/** Beacon intervals between two attempts of a compare-and-set whose outcome is unknown. */
const repeatProposalBeacons = 2;

export function onTick(core: Core, hasDeadlines: boolean): void {
  noticeStall(core);
  maybeWithdrawBirth(core);
  repeatProposal(core);
  settleContradiction(core);
  maybeStepDownForDisk(core);
  noteIfOffline(core);
  advance(core);
  core.isQuiescent = isCoreQuiescent(core);
  maybeLogTime(core, hasDeadlines);
}

/** Repeats a proposal with unknown outcome on the same version. A refused proposal is settled by a read (R7). */
function repeatProposal(core: Core): void {
  if (core.register.proposal?.status === 'refused') core.emit({ type: 'refreshState', afterWrite: false });
  if (!core.sessionConnected) return;
  const proposal = core.register.repeat(core.nowMs, repeatProposalBeacons * core.options.beaconMs);
  if (proposal === 'read') core.emit({ type: 'refreshState', afterWrite: false });
  if (proposal === undefined || proposal === 'read') return;
  const { number, expectedVersion, next } = proposal;
  core.emit({ type: 'writeState', proposal: number, expectedVersion, next });
}

/**
 * Readings show an older `state` than is known: a server lags, or ZooKeeper has lost data. After a lease, requests a reading that
 * proves which (R7).
 */
function settleContradiction(core: Core): void {
  const { contradictedMs } = core.register;
  const { leaseMs } = core.options;
  if (contradictedMs === undefined || !core.sessionConnected) return;
  const waitsFromMs = Math.max(contradictedMs, core.proofAskedMs);
  if (core.nowMs - waitsFromMs <= leaseMs) return;
  core.proofAskedMs = core.nowMs;
  core.emit({ type: 'refreshState', afterWrite: true });
}

/** A primary whose own log write is overdue steps down: every write would wait for it (R9). */
function maybeStepDownForDisk(core: Core): void {
  const startedMs = core.durability.oldestStartedMs;
  if (core.role.kind !== 'primary' || startedMs === undefined || core.nowMs - startedMs <= core.options.leaseMs) return;
  core.note({ kind: 'diskOverdue' });
  becomeFollower(core);
}
