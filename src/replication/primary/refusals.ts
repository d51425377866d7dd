/** Why a primary refuses an operation for now (R5, R9, R11, R12). A refused operation is definitely not executed. */
import type { Refusal } from '../protocol/effect.js';
import type { Core } from '../state/core.js';
import { holdsLease } from './lease.js';
import { requiredIds } from './membership.js';

/** Every refusal here comes before the entry is appended: definitely not executed (R11, R12). */
export function refusalOfWrite(core: Core): Refusal | undefined {
  const { role, options } = core;
  const refusal = refusalOfService(core);
  if (refusal !== undefined || role.kind !== 'primary') return refusal;
  if (role.handover !== undefined || role.ending) return 'HANDOVER_IN_PROGRESS';
  if (core.register.confirmed.length < options.minInSync) return 'TOO_FEW_IN_SYNC';
  const waiting = core.log.lastSeq - core.commitIndex;
  if (waiting >= options.maxUncommittedEntries || role.uncommittedBytes >= options.maxUncommittedBytes) return 'OVERLOADED';
  return undefined;
}

/** `nowMs` is sampled after the request was received (R9). */
export function refusalOfRead(core: Core, nowMs: number): Refusal | undefined {
  const { role } = core;
  const refusal = refusalOfService(core);
  if (refusal !== undefined || role.kind !== 'primary') return refusal;
  if (role.handover?.stage === 'proposed' || role.ending) return 'HANDOVER_IN_PROGRESS';
  const leased = holdsLease(role, core.self, requiredIds(core, role), core.options.leaseMs, nowMs);
  return leased ? undefined : 'LEASE_LAPSED';
}

export function refusalOfService(core: Core): Refusal | undefined {
  const { role } = core;
  if (role.kind !== 'primary' || core.stopped) return 'NOT_PRIMARY';
  if (!role.serving) return 'TAKEOVER_IN_PROGRESS';
  if (role.paused) return 'PAUSED';
  return undefined;
}
