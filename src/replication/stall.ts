/** Notices a stall: the process or its whole machine stood still, so its ticks come late (R4). */
import type { Core } from './state/core.js';

/** A tick that comes later than this many beacon intervals after the last one means that the process stalled. */
const lateTickBeacons = 2;
/** After a stall a replica receives messages for this many beacon intervals before it acts on the silence of others (R4, R7). */
const beaconsAfterStall = 2;
/** A stall longer than this part of a lease is reported. One a few times longer gets the replica evicted. */
const notedPartOfLease = 0.5;

/** This process has stalled, and may not have handled the messages of that time yet. */
export function hasStalledLately({ nowMs, wokeMs, lastTickMs, options: { beaconMs } }: Core): boolean {
  return nowMs - lastTickMs > lateTickBeacons * beaconMs || nowMs - wokeMs < beaconsAfterStall * beaconMs;
}

/** Called with every tick. */
export function noticeStall(core: Core): void {
  const { beaconMs, leaseMs } = core.options;
  const forMs = core.nowMs - core.lastTickMs;
  if (forMs > lateTickBeacons * beaconMs) core.wokeMs = core.nowMs;
  if (forMs > notedPartOfLease * leaseMs) core.note({ kind: 'stalled', forMs });
  core.lastTickMs = core.nowMs;
}
