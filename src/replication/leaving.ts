/**
 * A replica leaves because its node is stopping (R12, R13), or because the shard has moved to other nodes (R15). A primary whose database
 * gives no answer hands over, and stays.
 */

import { maybeExit, maybeRelease } from './follower/departure.js';
import { maybeHandOver, maybeHandOverImpaired } from './primary/handover.js';
import { maybeHandOverToPlaced } from './primary/moving.js';
import type { Core } from './state/core.js';
import { exit } from './state/transitions.js';

export function onStop(core: Core, deadlineMs: number): void {
  core.stopping ??= { deadlineMs };
  maybeStop(core);
}

export function maybeLeave(core: Core): void {
  maybeStop(core);
  maybeMove(core);
}

function maybeStop(core: Core): void {
  if (core.stopping === undefined || core.stopped) return;
  if (core.nowMs >= core.stopping.deadlineMs) return exit(core, false);
  if (core.role.kind === 'follower') maybeExit(core);
  else if (core.role.kind === 'primary') maybeHandOver(core, core.role);
}

function maybeMove(core: Core): void {
  if (core.stopped || core.stopping !== undefined) return;
  const { role, placed } = core;
  if (role.kind === 'primary' && maybeHandOverImpaired(core, role)) return;
  if (role.kind === 'primary') maybeHandOverToPlaced(core, role, placed);
  else if (role.kind === 'follower' && placed !== undefined) maybeRelease(core);
}
