/**
 * Is the history of one key linearizable? Pure.
 *
 * The search is Wing & Gong's (*Testing and Verifying Concurrent Objects*, 1993) with Lowe's memory of configurations
 * already seen (*Testing for Linearizability*, 2017): take any operation that was invoked before every operation still
 * left had returned, apply it to the register, go on, and go back where nothing fits. Keys are independent of each other,
 * so a history is linearizable if that of every key is (Herlihy & Wing, 1990: locality).
 *
 * An unknown write may be taken at any point after its invocation, or never. It need only be taken directly before an
 * operation that sees its effect: one that is overwritten unseen can as well be left out. That, and the versions that
 * answers carry, make the search nearly straight for histories in which few answers were lost.
 *
 * What it cannot decide: a search that visits more than `maxConfigurations` ends as `undecided`, never as `ok`; that
 * needs many unknown writes and many concurrent operations on one key. And no check of a history sees what no operation
 * saw: a lost write that was overwritten before anybody read is not found, nor is an order among keys.
 */
import type { Operation } from './history.js';
import { movesFrom, type Position, startOf } from './search-moves.js';

export type Verdict =
  | { readonly kind: 'ok'; readonly configurations: number }
  | { readonly kind: 'violation'; readonly configurations: number }
  | { readonly kind: 'undecided'; readonly configurations: number; readonly reason: string };

export interface CheckOptions {
  /** Configurations visited before the search gives up. */
  readonly maxConfigurations?: number;
}

export const defaultMaxConfigurations = 1_000_000;

/** @param operations all of one key, in any order; before the first of them the key does not exist and never did. */
export function checkKey(operations: readonly Operation[], options: CheckOptions = {}): Verdict {
  const { maxConfigurations = defaultMaxConfigurations } = options;
  const { problem, position } = startOf(operations);
  const seen = new Set<string>();
  // Depth first: the last alternative pushed is tried first.
  const open: Position[] = [position];
  for (let configurations = 1; ; configurations += 1) {
    const current = open.pop();
    if (current === undefined) return { kind: 'violation', configurations };
    if (current.first === problem.required.length) return { kind: 'ok', configurations };
    if (configurations > maxConfigurations) {
      return { kind: 'undecided', configurations, reason: `more than ${maxConfigurations} configurations` };
    }
    const moves = movesFrom(problem, current);
    if (moves.length === 1) {
      open.push(moves[0]!);
      continue;
    }
    for (const next of moves) {
      const signature = signatureOf(next);
      if (seen.has(signature)) continue;
      seen.add(signature);
      open.push(next);
    }
  }
}

/** Two positions with the same signature have the same future. */
function signatureOf({ first, taken, unknownTaken, register, unseen }: Position): string {
  return JSON.stringify([first, taken, unknownTaken, register, unseen]);
}
