/**
 * Decides whether the history of a group of keys is linearizable. Pure.
 *
 * The search is Wing & Gong's (*Testing and Verifying Concurrent Objects*, 1993) with Lowe's memory of configurations
 * already seen (*Testing for Linearizability*, 2017). It takes any operation that was invoked before each remaining
 * operation had returned, applies it to the keys and continues; if nothing fits, it goes back. Lowe's partition is by
 * key; here it is by the keys that transactions connect (groups.ts), and a transaction is one operation on all of them.
 *
 * An unknown write may take effect at any point after its invocation, or never. The search only tries it directly
 * before an operation that sees its effect, since a write that is overwritten unseen can as well be left out. This
 * rule and the versions in the answers leave almost no alternatives in histories with few lost answers.
 *
 * Versions are those of one log: of two answered writes to a group, that with the higher version took effect later,
 * whichever keys they wrote.
 *
 * Limits: a search that visits more than `maxConfigurations` ends as `undecided`, never as `ok`. That takes many
 * unknown writes and many concurrent operations on one group. A transaction that was answered by a failed condition on a
 * version shows that a version is another one; where the version is not known, that is not used. No check of a history finds a fault that no operation
 * saw, such as a lost write that was overwritten before a read. Orders across groups are not checked.
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
  /** With more unknown writes that may matter the search ends as `undecided` at once. Default: any number. */
  readonly maxUnknown?: number;
}

export const defaultMaxConfigurations = 1_000_000;

/**
 * @param operations all operations on a group of keys, in any order. Before the first of them the keys have never
 *   existed.
 */
export function checkGroupHistory(operations: readonly Operation[], options: CheckOptions = {}): Verdict {
  const { maxConfigurations = defaultMaxConfigurations, maxUnknown = Number.POSITIVE_INFINITY } = options;
  const { problem, position } = startOf(operations);
  if (problem.unknown.length > maxUnknown) {
    return { kind: 'undecided', configurations: 0, reason: `more than ${maxUnknown} unknown writes` };
  }
  const seen = new Set<string>();
  const open = new OpenPositions();
  open.push(position);
  for (let configurations = 1; ; configurations += 1) {
    const current = open.pop();
    if (current === undefined) return { kind: 'violation', configurations };
    if (current.first === problem.required.length) return { kind: 'ok', configurations };
    if (configurations > maxConfigurations) {
      return { kind: 'undecided', configurations, reason: `more than ${maxConfigurations} configurations` };
    }
    const moves = movesFrom(problem, current);
    for (const next of moves) {
      if (moves.length > 1) {
        const signature = signatureOf(next);
        if (seen.has(signature)) continue;
        seen.add(signature);
      }
      open.push(next);
    }
  }
}

/** A chain of unknown writes is tried before earlier positions if it is no longer than this. */
const shortChain = 1;
/** Each further unknown write of a chain counts as this many times as many steps back. */
const chainFactor = 8;

/**
 * The positions that are still to be searched. The search is depth first: it continues where most operations have been
 * taken, and tries the alternative that was pushed last. Chains of unknown writes that no answer has shown yet are many,
 * so the longer a chain is, the more steps back are tried first.
 */
class OpenPositions {
  readonly #byRank: Position[][] = [];

  push(position: Position): void {
    const excess = Math.max(0, (position.unseen?.chain.length ?? 0) - shortChain);
    const penalty = excess === 0 ? 0 : chainFactor ** excess;
    const rank = Math.max(0, position.first + position.taken.length - penalty);
    while (this.#byRank.length <= rank) this.#byRank.push([]);
    this.#byRank[rank]!.push(position);
  }

  pop(): Position | undefined {
    while (this.#byRank.at(-1)?.length === 0) this.#byRank.pop();
    return this.#byRank.at(-1)?.pop();
  }
}

/** Two positions with the same signature have the same future. */
function signatureOf({ first, taken, unknownTaken, states, unseen }: Position): string {
  const before = unseen && [...unseen.states.values(), ...unseen.chain];
  return JSON.stringify([first, taken, unknownTaken, [...states.values()], before]);
}
