import { expect, it } from 'vitest';
import { newPeer, type Peer } from '../state/peer.js';
import type { Primary } from '../state/role.js';
import { holdsLease } from './lease.js';

/** A primary whose beacons, sent at these times, were answered by each peer. */
function primaryWith(leases: Readonly<Record<string, number | undefined>>): Primary {
  const peers = new Map(
    Object.entries(leases).map(([id, leaseSentMs]): [string, Peer] => [id, { ...newPeer(id, 0), leaseSentMs: leaseSentMs! }]),
  );
  return { peers } as unknown as Primary;
}

it.each([
  { required: ['a'], leases: {}, holds: true, why: 'alone' },
  { required: ['a', 'b'], leases: { b: 1 }, holds: true, why: 'just within the lease' },
  { required: ['a', 'b'], leases: { b: 0 }, holds: false, why: 'at its very end' },
  { required: ['a', 'b', 'c'], leases: { b: 900, c: 0 }, holds: false, why: 'one of two has lapsed' },
  { required: ['a', 'b'], leases: {}, holds: false, why: 'a member that is not known' },
  { required: ['a'], leases: { b: 0 }, holds: true, why: 'the lapsed one is not required' },
])('lease - $why: $holds', ({ required, leases, holds }) => {
  expect(holdsLease(primaryWith(leases), 'a', required, 1000, 1000)).toBe(holds);
});
