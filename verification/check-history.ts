/** Runs every check of this folder on one history of many keys. Pure. */
import { explain } from './contradiction.js';
import { namedList, renderContradiction } from './contradiction-table.js';
import { type WrongSum, wrongSums } from './counter-sums.js';
import { withExpiries } from './expiry.js';
import { connectedGroups } from './groups.js';
import type { FinalState, Operation } from './history.js';
import { checkGroupHistory, defaultMaxConfigurations } from './linearizability.js';
import { inventedValues, type LostWrite, lostWrites } from './whole-history.js';

export interface HistoryReport {
  readonly operations: number;
  readonly keys: number;
  /** One explanation for each group of keys that is not linearizable. */
  readonly violations: readonly { readonly keys: readonly string[]; readonly explanation: string }[];
  readonly undecided: readonly { readonly keys: readonly string[]; readonly reason: string }[];
  readonly lost: readonly LostWrite[];
  readonly wrongSums: readonly WrongSum[];
  readonly invented: readonly Operation[];
}

/** The search for an explanation takes time, so further groups are only named. */
const maxExplanations = 3;

/** @param history includes the reads that make up `final`, so that the search sees them as well */
export function checkHistory(
  history: readonly Operation[],
  final: FinalState,
  maxConfigurations = defaultMaxConfigurations,
): HistoryReport {
  const violations: { keys: readonly string[]; explanation: string }[] = [];
  const undecided: { keys: readonly string[]; reason: string }[] = [];
  const groups = connectedGroups(withExpiries(history));
  for (const { keys, operations } of groups) {
    const verdict = checkGroupHistory(operations, { maxConfigurations });
    if (verdict.kind === 'undecided') undecided.push({ keys, reason: verdict.reason });
    if (verdict.kind !== 'violation') continue;
    const explained = violations.length < maxExplanations;
    violations.push({
      keys,
      explanation: explained ? renderContradiction(explain(operations)) : `${namedList(keys)}: not linearizable`,
    });
  }
  return {
    operations: history.length,
    keys: groups.reduce((count, { keys }) => count + keys.length, 0),
    violations,
    undecided,
    lost: lostWrites(history, final),
    wrongSums: wrongSums(history, final),
    invented: inventedValues(history),
  };
}

/** Whether all checks were completed and none failed. */
export function isClean({ violations, undecided, lost, wrongSums: sums, invented }: HistoryReport): boolean {
  return violations.length + undecided.length + lost.length + sums.length + invented.length === 0;
}
