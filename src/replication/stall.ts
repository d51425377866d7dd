/** Noticing that this process stood still, be it the process itself or the machine: its ticks come late (R4). */
import type { Core } from './state/core.js';

/** Beacon intervals after which a tick is so late that the process must have been paused. */
const lateTickBeacons = 2;
/** A pause longer than this part of a lease is told: a few times longer, and it takes a replica out of the set. */
const notedPartOfLease = 0.5;

/** With every tick. */
export function noticePause(core: Core): void {
  const { beaconMs, leaseMs } = core.options;
  const forMs = core.nowMs - core.lastTickMs;
  if (forMs > lateTickBeacons * beaconMs) core.wokeMs = core.nowMs;
  if (forMs > notedPartOfLease * leaseMs) core.note({ kind: 'stoodStill', forMs });
  core.lastTickMs = core.nowMs;
}
