/**
 * Checks counters without a search: a key that only increments have changed holds in the end exactly the sum of the
 * acknowledged increments, and at most those with an unknown outcome besides. Pure.
 */
import { type FinalState, type Operation, partsOf } from './history.js';
import { scaledNumber } from './value-change.js';

export interface WrongSum {
  readonly key: string;
  /** Undefined: the key does not exist in the end. */
  readonly final: string | undefined;
  readonly acknowledged: number;
  readonly unknown: number;
  readonly reason: string;
}

interface Counter {
  acknowledged: number;
  unknown: number;
  sum: bigint;
  /** The sum of the unknown decrements, and that of the unknown increments. */
  below: bigint;
  above: bigint;
}

export function wrongSums(history: readonly Operation[], final: FinalState): WrongSum[] {
  const wrong: WrongSum[] = [];
  for (const [key, counter] of countersOf(history)) {
    if (!final.has(key)) continue;
    const value = final.get(key)?.value;
    const number = scaledNumber(value ?? '0');
    const { acknowledged, unknown, sum, below, above } = counter;
    if (number !== undefined && number >= sum + below && number <= sum + above) continue;
    const off = number === undefined ? '' : `, off by ${Number(number - sum) / 1e17}`;
    const reason = `${acknowledged} acknowledged and ${unknown} unknown increments, in the end ${value ?? 'missing'}${off}`;
    wrong.push({ key, final: value, acknowledged, unknown, reason });
  }
  return wrong;
}

/** The keys that nothing but increments has changed, all of which count from 0. */
function countersOf(history: readonly Operation[]): Map<string, Counter> {
  const counters = new Map<string, Counter>();
  const others = new Set<string>();
  for (const { key, call, result } of history.flatMap(partsOf)) {
    if (call.kind === 'increment' && call.initial === undefined) {
      const counter = counters.get(key) ?? { acknowledged: 0, unknown: 0, sum: 0n, below: 0n, above: 0n };
      counters.set(key, counter);
      count(counter, scaledNumber(call.by) ?? 0n, result !== undefined);
    } else if (call.kind !== 'get') others.add(key);
  }
  for (const key of others) counters.delete(key);
  return counters;
}

function count(counter: Counter, by: bigint, isAcknowledged: boolean): void {
  if (isAcknowledged) {
    counter.acknowledged += 1;
    counter.sum += by;
    return;
  }
  counter.unknown += 1;
  if (by < 0n) counter.below += by;
  else counter.above += by;
}
