/**
 * Expiry as operations of a history: a key that a put has given a TTL is deleted at some moment from the end of the TTL on, if it still
 * has the value of that put. Nobody is told when, so the deletion is a write with an unknown outcome. Pure.
 *
 * A history with these deletions is linearizable only if no key expires early, an overwritten key does not expire by an earlier TTL,
 * and a key that was seen as gone does not come back.
 */
import { type Operation, partsOf } from './history.js';

/** The shard counts whole milliseconds, rounded at each change of primary. All clocks are that of one machine. */
const roundingMs = 5;

/** @returns the history and the deletions, in no particular order */
export function withExpiries(history: readonly Operation[]): readonly Operation[] {
  return [...history, ...history.flatMap(expiriesOf)];
}

function expiriesOf(operation: Operation): Operation[] {
  const { client, invokedAtUs, returnedAtUs } = operation;
  return partsOf(operation).flatMap(({ key, call }, place) => {
    if (call.kind !== 'put' || call.ttlMs === undefined) return [];
    const dueAtUs = invokedAtUs + 1_000 * (call.ttlMs - roundingMs);
    return {
      client: `${client}, expiry of ${place} from ${invokedAtUs}`,
      key,
      call: { kind: 'delete', ifValue: call.value },
      invokedAtUs: dueAtUs,
      returnedAtUs: Math.max(dueAtUs, returnedAtUs),
      outcome: { kind: 'unknown', code: 'EXPIRY' },
    };
  });
}
