/** Notices a stall: the process or its whole machine stood still, so its ticks come late (R4). */
import type { Core } from './state/core.js';

/** A tick that comes later than this many beacon intervals after the last one means that the process stalled. */
const lateTickBeacons = 2;
/** A stall longer than this part of a lease is reported. One a few times longer gets the replica evicted. */
const notedPartOfLease = 0.5;

/** Called with every tick. */
export function noticeStall(core: Core): void {
  const { beaconMs, leaseMs } = core.options;
  const forMs = core.nowMs - core.lastTickMs;
  if (forMs > lateTickBeacons * beaconMs) core.wokeMs = core.nowMs;
  if (forMs > notedPartOfLease * leaseMs) core.note({ kind: 'stalled', forMs });
  core.lastTickMs = core.nowMs;
}
