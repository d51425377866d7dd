/**
 * Decides whether the history of one key is linearizable. Pure.
 *
 * The search is Wing & Gong's (*Testing and Verifying Concurrent Objects*, 1993) with Lowe's memory of configurations
 * already seen (*Testing for Linearizability*, 2017). It takes any operation that was invoked before each remaining
 * operation had returned, applies it to the register and continues; if nothing fits, it goes back. Keys are
 * independent of each other, so a history is linearizable if the history of every key is (Herlihy & Wing, 1990:
 * locality).
 *
 * An unknown write may take effect at any point after its invocation, or never. The search only tries it directly
 * before an operation that sees its effect, since a write that is overwritten unseen can as well be left out. This
 * rule and the versions in the answers leave almost no alternatives in histories with few lost answers.
 *
 * Limits: a search that visits more than `maxConfigurations` ends as `undecided`, never as `ok`. That takes many
 * unknown writes and many concurrent operations on one key. No check of a history finds a fault that no operation saw,
 * such as a lost write that was overwritten before a read. Orders across keys are not checked.
 */
import type { Operation } from './history.js';
import { movesFrom, type Position, startOf } from './search-moves.js';

export type Verdict =
  | { readonly kind: 'ok'; readonly configurations: number }
  | { readonly kind: 'violation'; readonly configurations: number }
  | { readonly kind: 'undecided'; readonly configurations: number; readonly reason: string };

export interface CheckOptions {
  /** The number of configurations after which the search ends as `undecided`. */
  readonly maxConfigurations?: number;
}

export const defaultMaxConfigurations = 1_000_000;

/** @param operations all operations on one key, in any order. Before the first of them the key has never existed. */
export function checkKeyHistory(operations: readonly Operation[], options: CheckOptions = {}): Verdict {
  const { maxConfigurations = defaultMaxConfigurations } = options;
  const { problem, position } = startOf(operations);
  const seen = new Set<string>();
  // The search is depth first: it tries the alternative that was pushed last.
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
