/**
 * Says of a write whose outcome stayed unknown how long its caller waited, whether its shard was served meanwhile, and which faults
 * were in force. A shard without service for nearly the whole call explains the outcome. Any other one is worth a look. Pure.
 */
import { shardOfKey } from '../../src/placement/index.js';
import { isAnswered, type Operation } from '../../verification/index.js';
import type { Round } from '../profiles/schedule.js';

interface Circumstances {
  /** The operations of all clients. */
  readonly served: readonly Operation[];
  /** In the order of their starts. */
  readonly rounds: readonly Round[];
  readonly shardCount: number;
}

/** @param write its outcome is unknown */
export function whyUnknown(write: Operation, circumstances: Circumstances): string {
  const { key, call, invokedAtUs, returnedAtUs, outcome } = write;
  const shard = shardOfKey(key, circumstances.shardCount);
  const unservedUs = longestUnservedUs(write, shard, circumstances);
  const reason = outcome.kind === 'unknown' ? (outcome.reason ?? outcome.code) : outcome.kind;
  return [
    `${call.kind} of ${key} (shard ${shard}) gave up after ${inMs(returnedAtUs - invokedAtUs)} ms`,
    `for ${inMs(unservedUs)} ms of them the shard answered no write`,
    faultsDuring(write, circumstances.rounds),
    reason,
  ].join('; ');
}

/** The longest time within the call in which the shard answered no write. */
function longestUnservedUs(
  { invokedAtUs, returnedAtUs }: Operation,
  shard: number,
  { served, shardCount }: Circumstances,
): number {
  const answeredUs = served
    .filter((one) => one.call.kind !== 'get' && isAnswered(one) && shardOfKey(one.key, shardCount) === shard)
    .map((one) => one.returnedAtUs)
    .filter((timeUs) => timeUs > invokedAtUs && timeUs < returnedAtUs)
    .sort((one, other) => one - other);
  const times = [invokedAtUs, ...answeredUs, returnedAtUs];
  return Math.max(...times.slice(1).map((timeUs, index) => timeUs - times[index]!));
}

/** What a fault has done may last longer than the fault, so without one the last faults are named. */
function faultsDuring({ invokedAtUs, returnedAtUs }: Operation, rounds: readonly Round[]): string {
  const begun = rounds.filter(({ startedAtUs }) => startedAtUs < returnedAtUs);
  const during = begun.filter(({ endedAtUs = Number.POSITIVE_INFINITY }) => endedAtUs > invokedAtUs);
  const faults = (during.length > 0 ? during : begun.slice(-1)).flatMap((round) => round.faults).join(', ');
  if (faults === '') return 'no fault';
  return during.length > 0 ? `faults: ${faults}` : `after the faults: ${faults}`;
}

function inMs(us: number): string {
  return (us / 1_000).toFixed(0);
}
