/** Runs every check of this folder on one history of many keys. Pure. */
import { explain } from './contradiction.js';
import { renderContradiction } from './contradiction-table.js';
import { byKey, type FinalState, type Operation } from './history.js';
import { checkKeyHistory, defaultMaxConfigurations } from './linearizability.js';
import { inventedValues, type LostWrite, lostWrites } from './whole-history.js';

export interface HistoryReport {
  readonly operations: number;
  readonly keys: number;
  /** One explanation for each key that is not linearizable. */
  readonly violations: readonly { readonly key: string; readonly explanation: string }[];
  readonly undecided: readonly { readonly key: string; readonly reason: string }[];
  readonly lost: readonly LostWrite[];
  readonly invented: readonly Operation[];
}

/** The search for an explanation takes time, so further keys are only named. */
const maxExplanations = 10;

/** @param history includes the reads that make up `final`, so that the search sees them as well */
export function checkHistory(
  history: readonly Operation[],
  final: FinalState,
  maxConfigurations = defaultMaxConfigurations,
): HistoryReport {
  const violations: { key: string; explanation: string }[] = [];
  const undecided: { key: string; reason: string }[] = [];
  const groups = byKey(history);
  for (const [key, operations] of groups) {
    const verdict = checkKeyHistory(operations, { maxConfigurations });
    if (verdict.kind === 'undecided') undecided.push({ key, reason: verdict.reason });
    if (verdict.kind !== 'violation') continue;
    const explained = violations.length < maxExplanations;
    violations.push({ key, explanation: explained ? renderContradiction(explain(operations)) : `key ${key}: not linearizable` });
  }
  return {
    operations: history.length,
    keys: groups.size,
    violations,
    undecided,
    lost: lostWrites(history, final),
    invented: inventedValues(history),
  };
}

/** Whether all checks were completed and none failed. */
export function isClean({ violations, undecided, lost, invented }: HistoryReport): boolean {
  return violations.length + undecided.length + lost.length + invented.length === 0;
}
