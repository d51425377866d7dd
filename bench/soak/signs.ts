/** Finds signs of trouble in a node's log, in a cluster in which every node lives. Pure. */
import type { LogRecord } from '../../local/log-records.js';

/**
 * `incident`: a change of role or of the in-sync set, or a pause of service. None should happen while every node
 * lives. `hint`: an event that may lead to an incident and explain it.
 */
export type Weight = 'incident' | 'hint';

export interface Sign {
  readonly weight: Weight;
  readonly what: string;
}

/**
 * Undefined: the record is no sign. An in-sync set that has all `nodeCount` members again is no sign, since the
 * earlier removal was one, and a backup may learn of the set late.
 */
export function signOf(record: LogRecord, nodeCount: number): Sign | undefined {
  const { msg } = record;
  if (msg === 'role changed') return { weight: 'incident', what: `became ${record.role} in epoch ${record.epoch}` };
  if (msg === 'in-sync set changed') return signOfSet(countOf(record.inSync), nodeCount);
  if (msg.startsWith('paused: ')) return { weight: 'incident', what: 'paused' };
  if (msg.startsWith('no beacon of the primary')) return { weight: 'hint', what: `received no beacon for ${record.silentMs} ms` };
  if (msg === 'change of the in-sync set proposed') return { weight: 'hint', what: describeProposal(record) };
  if (msg.startsWith('the process stalled')) return { weight: 'hint', what: `stalled for ${record.forMs} ms` };
  if (msg === 'ZooKeeper session' && record.connected === false) return { weight: 'hint', what: 'lost ZooKeeper' };
  if (msg === 'ZooKeeper session expired') return { weight: 'hint', what: msg };
  return undefined;
}

function signOfSet(members: number, nodeCount: number): Sign | undefined {
  return members < nodeCount ? { weight: 'incident', what: `in-sync set of ${members}` } : undefined;
}

function countOf(members: unknown): number {
  return Array.isArray(members) ? members.length : 0;
}

function describeProposal({ removed }: LogRecord): string {
  const removals = (Array.isArray(removed) ? removed : []) as readonly { readonly id: string; readonly reason: string }[];
  return `proposes to take out ${removals.map(({ id, reason }) => `${id} (${reason})`).join(', ')}`;
}
