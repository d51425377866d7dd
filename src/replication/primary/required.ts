/** Whose acknowledgements and lease a primary needs (R5, R6, R9, R10). */

import type { ReplicaId } from '../protocol/shard-state.js';
import type { Core } from '../state/core.js';
import type { Primary } from '../state/role.js';

/** The required set, and the joiners that are required already because they are about to be proposed. */
export function requiredIds(core: Core, role: Primary): readonly ReplicaId[] {
  const { required } = core.register;
  const admitting = [...role.peers.values()].filter((peer) => peer.admitting && !required.includes(peer.id));
  return admitting.length === 0 ? required : [...required, ...admitting.map((peer) => peer.id)];
}
