/**
 * Why the history of a key is not linearizable, in as few operations as can be found. Pure.
 *
 * Every step only takes knowledge away, so what is left still contradicts itself: the history is cut where it first
 * fails (linearizability is closed under prefixes, so that point can be searched for by halves); answers of reads are
 * forgotten; answers of writes are taken for unknown. What remains answered is the contradiction. It is minimal in that
 * nothing more of it can be forgotten alone; it need not be the smallest there is.
 */
import type { Operation } from './history.js';
import { checkKey } from './linearizability.js';

export interface Contradiction {
  readonly key: string;
  /** These answers cannot all be true; in order of invocation. */
  readonly answered: readonly Operation[];
  /** Writes, of whatever outcome, of the values that were read above: told for the reader, not part of the contradiction. */
  readonly mentioned: readonly Operation[];
}

/** The search is repeated many times, on less and less: what takes longer than this is left as it is. */
const maxConfigurations = 50_000;

/** @param operations all of one key, for which `checkKey` found a violation. */
export function explain(operations: readonly Operation[]): Contradiction {
  const prefix = shortestFailingPrefix(operations.filter(({ outcome }) => outcome.kind !== 'refused'));
  const left = forgetWhatCanBe(prefix);
  const answered = left.filter(isAnswered).sort(byInvocation);
  const read = new Set(answered.map(({ outcome }) => (outcome.kind === 'found' ? outcome.value : undefined)));
  const shown = new Set(answered.map(identityOf));
  const mentioned = operations.filter(
    (one) => one.call.kind === 'put' && read.has(one.call.value) && !shown.has(identityOf(one)),
  );
  return { key: operations[0]?.key ?? '', answered, mentioned: mentioned.sort(byInvocation) };
}

function isViolation(operations: readonly Operation[]): boolean {
  return checkKey(operations, { maxConfigurations }).kind === 'violation';
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

/** What was known at that moment. */
function until(operations: readonly Operation[], endUs: number): Operation[] {
  const begun = operations.filter(({ invokedAtUs }) => invokedAtUs <= endUs);
  return begun.flatMap((one) => (isAnswered(one) && one.returnedAtUs > endUs ? forget(one) : [one]));
}

/** By ever smaller pieces, oldest first: what matters is mostly near the end. */
function forgetWhatCanBe(operations: readonly Operation[]): Operation[] {
  let current = [...operations];
  for (let size = Math.ceil(current.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    const pieces = chunks(current.filter(isAnswered), size);
    for (const piece of pieces) {
      const forgotten = new Set(piece);
      const weaker = current.flatMap((one) => (forgotten.has(one) ? forget(one) : [one]));
      if (isViolation(weaker)) current = weaker;
    }
  }
  return current;
}

function forget(operation: Operation): Operation[] {
  return operation.outcome.kind === 'written' ? [{ ...operation, outcome: { kind: 'unknown', code: 'forgotten' } }] : [];
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
