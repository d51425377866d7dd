/**
 * The time of a shard with keys that expire is logged from time to time (R17). Otherwise a shard whose replicas have all started
 * again would know only the time of its newest entry, which may be old, and its keys would live anew from there.
 */
import { refusalOfRead } from './primary/refusals.js';
import type { Core } from './state/core.js';

/** The time is logged when it has passed by this much: a power loss lengthens TTLs by little more than the time without power. */
const loggedEveryMs = 1000;

/** Called with every tick. */
export function maybeLogTime(core: Core, hasDeadlines: boolean): void {
  if (!hasDeadlines || core.options.volatile || !core.complete) return;
  const timeMs = core.role.kind === 'primary' ? core.timeMs : core.clock.latestMs;
  if (timeMs < core.loggedTimeMs + loggedEveryMs) return;
  // The clock of a primary that another one may have replaced is not the shard's any more.
  if (core.role.kind === 'primary' && refusalOfRead(core, core.nowMs) !== undefined) return;
  log(core, timeMs, false);
}

/** Another primary's time counts from now on, also where it is behind what was logged before. */
export function correctLoggedTime(core: Core, timeMs: number): void {
  if (timeMs < core.loggedTimeMs) log(core, timeMs, true);
}

function log(core: Core, timeMs: number, isCorrection: boolean): void {
  core.loggedTimeMs = timeMs;
  core.persist({ type: 'time', timeMs, isCorrection });
}
