/**
 * Explains in few operations why the history of a group of keys is not linearizable. Pure.
 *
 * Every step only removes knowledge, and keeps the rest contradictory. The history is cut where it first fails, which
 * a binary search finds, since linearizability is closed under prefixes. Answers of reads are removed first, then answers
 * of writes are replaced by unknown outcomes. The remaining answers are the contradiction. Of a short history it is
 * minimal: no single answer can be removed. A smaller contradiction may exist.
 */
import { type Call, isAnswered, namedKeys, type Operation, partsOf, type SingleCall, writtenVersion } from './history.js';
import { checkGroupHistory } from './linearizability.js';

export interface Contradiction {
  /** The keys that the answers name. */
  readonly keys: readonly string[];
  /** Answers that cannot all be true, in order of invocation. */
  readonly answered: readonly Operation[];
  /**
   * The writes of the values in `answered`, with any outcome. They help the reader, and are not part of the
   * contradiction.
   */
  readonly mentioned: readonly Operation[];
}

/**
 * Limit each search, and all searches for one explanation together. There are many searches, on ever fewer answers; an
 * answer whose removal needs a longer search, or comes when the searches have reached their limit, is kept.
 */
const maxUnknown = 30;
const maxConfigurations = 10_000;
const maxConfigurationsInAll = 30_000;

/** @param operations all operations on one group, in which `checkGroupHistory` found a violation */
export function explain(operations: readonly Operation[]): Contradiction {
  const prefix = shortestFailingPrefix(operations.filter(({ outcome }) => outcome.kind !== 'refused'));
  const searches = { configurationsLeft: maxConfigurationsInAll };
  const left = removeAnswers(removeAnswers(prefix, isRead, searches), isAnswered, searches);
  const answered = left.filter(isAnswered).sort(byInvocation);
  const read = new Set(answered.flatMap(partsOf).flatMap(({ result }) => (result?.kind === 'found' ? [result.value] : [])));
  const shown = new Set(answered.map(identityOf));
  const wrote = ({ call }: Operation): boolean =>
    [call, ...callsWithin(call)].some((one) => one.kind === 'put' && read.has(one.value));
  const mentioned = operations.filter((one) => wrote(one) && !shown.has(identityOf(one)));
  const keys = [...new Set(answered.flatMap((one) => [...namedKeys(one)]))];
  return { keys, answered, mentioned: mentioned.sort(byInvocation) };
}

function callsWithin(call: Call): SingleCall[] {
  return call.kind === 'transact' ? [...call.operations, ...call.otherwise].map((one) => one.call) : [];
}

interface Searches {
  configurationsLeft: number;
}

function isStillViolation(operations: readonly Operation[], searches: Searches): boolean {
  const limit = Math.min(maxConfigurations, searches.configurationsLeft);
  const { kind, configurations } = checkGroupHistory(operations, { maxConfigurations: limit, maxUnknown });
  searches.configurationsLeft -= configurations;
  return kind === 'violation';
}

function shortestFailingPrefix(operations: readonly Operation[]): Operation[] {
  const ends = operations.filter(isAnswered).map(({ returnedAtUs }) => returnedAtUs);
  ends.sort((one, other) => one - other);
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (checkGroupHistory(until(operations, ends[middle]!)).kind === 'violation') high = middle;
    else low = middle + 1;
  }
  return until(operations, ends[high] ?? Number.POSITIVE_INFINITY);
}

/** The operations as they were known at that moment. */
function until(operations: readonly Operation[], endUs: number): Operation[] {
  const begun = operations.filter(({ invokedAtUs }) => invokedAtUs <= endUs);
  return begun.flatMap((one) => (isAnswered(one) && one.returnedAtUs > endUs ? removeAnswer(one) : [one]));
}

function isRead(operation: Operation): boolean {
  return isAnswered(operation) && writtenVersion(operation) === 0;
}

/** Removes ever smaller pieces, the oldest first, since the contradiction is mostly near the end. */
function removeAnswers(
  operations: readonly Operation[],
  which: (operation: Operation) => boolean,
  searches: Searches,
): Operation[] {
  let current = [...operations];
  for (let size = Math.ceil(current.filter(which).length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    const pieces = chunks(current.filter(which), size);
    for (const piece of pieces) {
      if (searches.configurationsLeft <= 0) return current;
      const removed = new Set(piece);
      const weaker = current.flatMap((one) => (removed.has(one) ? removeAnswer(one) : [one]));
      if (isStillViolation(weaker, searches)) current = weaker;
    }
  }
  return current;
}

function removeAnswer(operation: Operation): Operation[] {
  return writtenVersion(operation) > 0 ? [{ ...operation, outcome: { kind: 'unknown', code: 'answer removed' } }] : [];
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
