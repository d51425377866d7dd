/** Where a node has its data, and how its database keeps up. Pure. */
import type { NodeStatus } from '../../../wire/contract/kv-api.js';
import { grouped, size } from '../figures.js';

/** The limit that a node publishes if only its database limits the data. */
const unlimitedBytes = 2 ** 50;

/** False also for a node of an earlier version, which does not report where its data is. */
export function isDatabase(state = ''): boolean {
  return state !== '' && state !== 'memory';
}

export function stateText({ state, stateLag, stateImpaired }: NodeStatus): string {
  if (!isDatabase(state)) return state || '-';
  return `${state}, lag ${grouped(stateLag)}${stateImpaired ? ', NO ANSWER' : ''}`;
}

export function dataText(bytes: number, limitBytes: number): string {
  return limitBytes >= unlimitedBytes ? size(bytes) : `${size(bytes)} of ${size(limitBytes)}`;
}
