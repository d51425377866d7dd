/**
 * Explains in few operations why the history of a key is not linearizable. Pure.
 *
 * Every step only removes knowledge, and keeps the rest contradictory. The history is cut where it first fails, which
 * a binary search finds, since linearizability is closed under prefixes. Answers of reads are removed, and answers of
 * writes are replaced by unknown outcomes. The remaining answers are the contradiction. It is minimal: no single
 * answer can be removed. A smaller contradiction may exist.
 */
import type { Operation } from './history.js';
import { checkKeyHistory } from './linearizability.js';

export interface Contradiction {
  readonly key: string;
  /** Answers that cannot all be true, in order of invocation. */
  readonly answered: readonly Operation[];
  /**
   * The writes of the values in `answered`, with any outcome. They help the reader, and are not part of the
   * contradiction.
   */
  readonly mentioned: readonly Operation[];
}

/**
 * Limits each search. There are many searches, on ever fewer answers; an answer whose removal needs a longer search is
 * kept.
 */
const maxConfigurations = 50_000;

/** @param operations all operations on one key, in which `checkKey` found a violation */
export function explain(operations: readonly Operation[]): Contradiction {
  const prefix = shortestFailingPrefix(operations.filter(({ outcome }) => outcome.kind !== 'refused'));
  const left = removeAnswers(prefix);
  const answered = left.filter(isAnswered).sort(byInvocation);
  const read = new Set(answered.map(({ outcome }) => (outcome.kind === 'found' ? outcome.value : undefined)));
  const shown = new Set(answered.map(identityOf));
  const mentioned = operations.filter(
    (one) => one.call.kind === 'put' && read.has(one.call.value) && !shown.has(identityOf(one)),
  );
  return { key: operations[0]?.key ?? '', answered, mentioned: mentioned.sort(byInvocation) };
}

function isViolation(operations: readonly Operation[]): boolean {
  return checkKeyHistory(operations, { maxConfigurations }).kind === 'violation';
}

function shortestFailingPrefix(operations: readonly Operation[]): Operation[] {
  const ends = operations.filter(isAnswered).map(({ returnedAtUs }) => returnedAtUs);
  ends.sort((one, other) => one - other);
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isViolation(until(operations, ends[middle]!))) high = middle;
    else low = middle + 1;
  }
  return until(operations, ends[high] ?? Number.POSITIVE_INFINITY);
}

/** The operations as they were known at that moment. */
function until(operations: readonly Operation[], endUs: number): Operation[] {
  const begun = operations.filter(({ invokedAtUs }) => invokedAtUs <= endUs);
  return begun.flatMap((one) => (isAnswered(one) && one.returnedAtUs > endUs ? removeAnswer(one) : [one]));
}

/** Removes ever smaller pieces, the oldest first, since the contradiction is mostly near the end. */
function removeAnswers(operations: readonly Operation[]): Operation[] {
  let current = [...operations];
  for (let size = Math.ceil(current.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    const pieces = chunks(current.filter(isAnswered), size);
    for (const piece of pieces) {
      const removed = new Set(piece);
      const weaker = current.flatMap((one) => (removed.has(one) ? removeAnswer(one) : [one]));
      if (isViolation(weaker)) current = weaker;
    }
  }
  return current;
}

function removeAnswer(operation: Operation): Operation[] {
  return operation.outcome.kind === 'written' ? [{ ...operation, outcome: { kind: 'unknown', code: 'answer removed' } }] : [];
}

function isAnswered({ outcome }: Operation): boolean {
  return outcome.kind !== 'unknown' && outcome.kind !== 'refused';
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

function identityOf({ client, invokedAtUs }: Operation): string {
  return `${client} ${invokedAtUs}`;
}

function byInvocation(one: Operation, other: Operation): number {
  return one.invokedAtUs - other.invokedAtUs;
}
