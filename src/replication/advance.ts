/** The steps that any change may make due. */

import { maybeClaim } from './follower/claim.js';
import { maybeLeave } from './leaving.js';
import { maybeCommit, maybeServe } from './primary/commit.js';
import { maybeChangeMembers, maybePause } from './primary/membership.js';
import { refreshPeers, sendBeacons, syncPeers } from './primary/replicate.js';
import type { Core } from './state/core.js';
import type { Primary } from './state/role.js';

/** Runs these steps; each one checks whether it is due. */
export function advance(core: Core): void {
  if (core.role.kind === 'primary') advancePrimary(core, core.role);
  else maybeClaim(core);
  maybeLeave(core);
}

function advancePrimary(core: Core, role: Primary): void {
  refreshPeers(core, role);
  maybePause(core, role);
  sendBeacons(core, role);
  syncPeers(core, role);
  maybeCommit(core, role);
  maybeServe(core, role);
  maybeChangeMembers(core, role);
}
