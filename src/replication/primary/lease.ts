/** Lease rule: when a primary may serve reads (R9). */

import type { ReplicaId } from '../protocol/ids.js';
import type { Peer } from '../state/peer.js';
import type { Primary } from '../state/role.js';

/** True if the peer has answered a beacon that was sent less than a lease ago. */
export function grantsLease({ leaseSentMs }: Peer, leaseMs: number, nowMs: number): boolean {
  return nowMs - leaseSentMs < leaseMs;
}

/**
 * True while every other member of the required set has answered a beacon sent less than a lease ago. The time counts from just
 * before that beacon was handed to the transport. A required set of one needs no lease: no other replica may claim.
 */
export function holdsLease(
  role: Primary,
  self: ReplicaId,
  required: readonly ReplicaId[],
  leaseMs: number,
  nowMs: number,
): boolean {
  for (const id of required) {
    if (id === self) continue;
    const peer = role.peers.get(id);
    if (peer === undefined || !grantsLease(peer, leaseMs, nowMs)) return false;
  }
  return true;
}
