/**
 * One step of the search of linearizability.ts: its position, and the possible next positions. Pure.
 *
 * A position is small: operations are numbered in order of invocation, and all before `first` have been taken, so only
 * the few beyond it need to be listed. Positions are values, so the search goes back by dropping one.
 *
 * The moves leave out alternatives that are never needed. An answer that fits the register exactly may always be taken
 * at once. Answered writes must be taken in the order of their versions. An unknown write whose effect the next
 * operation does not need can as well be left out. Among like unknown writes only the one that began first is tried.
 */
import type { Operation } from './history.js';
import { absent, afterAnswered, afterUnanswered, conditionOf, isAsFree, type Register } from './register.js';
import { type UnknownWrite, unknownWrites } from './unknown-writes.js';

export interface SearchProblem {
  /** The answered operations, which must all be taken, in order of invocation. */
  readonly required: readonly Operation[];
  /** The unknown writes, in order of invocation. */
  readonly unknown: readonly UnknownWrite[];
  /** The versions of answered writes, ascending: the order in which they must be taken. */
  readonly versions: readonly number[];
}

export interface Position {
  /** The index of the first required operation that has not been taken. */
  readonly first: number;
  /** The indices of the required operations taken beyond `first`, ascending. */
  readonly taken: readonly number[];
  /** The indices of the unknown writes taken, ascending. */
  readonly unknownTaken: readonly number[];
  /** The number of answered writes taken. */
  readonly writes: number;
  readonly register: Register;
  /**
   * Set if an unknown write was taken last: the register before it. The next operation must need the write's effect.
   */
  readonly unseen: Register | undefined;
}

export function startOf(operations: readonly Operation[]): { problem: SearchProblem; position: Position } {
  const inOrder = [...operations].sort((one, other) => one.invokedAtUs - other.invokedAtUs);
  const required = inOrder.filter(({ outcome }) => outcome.kind !== 'refused' && outcome.kind !== 'unknown');
  const versions = required.map(writtenVersion).filter((version) => version !== undefined);
  const problem = { required, unknown: unknownWrites(inOrder, required), versions: versions.sort((a, b) => a - b) };
  return { problem, position: { first: 0, taken: [], unknownTaken: [], writes: 0, register: absent, unseen: undefined } };
}

/** Every possible next position, the most promising last. */
export function movesFrom(problem: SearchProblem, position: Position): Position[] {
  const { candidates, firstReturnUs } = candidatesAt(problem, position);
  const moves: Position[] = [];
  for (const index of candidates) {
    const next = take(problem, position, index);
    if (next === undefined) continue;
    if (next.register === position.register) return [next];
    moves.push(next);
  }
  return [...unknownMoves(problem, position, firstReturnUs), ...moves.reverse()];
}

/** The operations that may be taken next: those that began before any remaining one had ended. */
function candidatesAt({ required }: SearchProblem, { first, taken }: Position) {
  const candidates: number[] = [];
  let firstReturnUs = Number.POSITIVE_INFINITY;
  for (let index = first; index < required.length; index += 1) {
    const { invokedAtUs, returnedAtUs } = required[index]!;
    if (invokedAtUs > firstReturnUs) break;
    if (taken.includes(index)) continue;
    candidates.push(index);
    firstReturnUs = Math.min(firstReturnUs, returnedAtUs);
  }
  return { candidates, firstReturnUs };
}

function take({ required, versions }: SearchProblem, position: Position, index: number): Position | undefined {
  const operation = required[index]!;
  const version = writtenVersion(operation);
  if (version !== undefined && version !== versions[position.writes]) return undefined;
  const register = afterAnswered(position.register, operation);
  if (register === undefined) return undefined;
  if (position.unseen !== undefined) {
    const without = afterAnswered(position.unseen, operation);
    if (without !== undefined && isAsFree(without, register)) return undefined;
  }
  const writes = position.writes + (version === undefined ? 0 : 1);
  return { ...advance(position, index), unknownTaken: position.unknownTaken, writes, register, unseen: undefined };
}

function unknownMoves({ unknown }: SearchProblem, position: Position, firstReturnUs: number): Position[] {
  const moves: Position[] = [];
  const met = new Set<string>();
  for (const [index, { call, invokedAtUs, likeness }] of unknown.entries()) {
    if (invokedAtUs > firstReturnUs) break;
    if (position.unknownTaken.includes(index) || (likeness !== undefined && met.has(likeness))) continue;
    if (likeness !== undefined) met.add(likeness);
    // An unknown write needs the effect of another one before it only for its condition.
    if (position.unseen !== undefined && conditionOf(call) === undefined) continue;
    const register = afterUnanswered(position.register, call);
    if (register === undefined) continue;
    const unknownTaken = [...position.unknownTaken, index].sort((one, other) => one - other);
    moves.push({ ...position, unknownTaken, register, unseen: position.register });
  }
  return moves;
}

function advance(position: Position, index: number): { first: number; taken: readonly number[] } {
  if (index !== position.first) {
    return { first: position.first, taken: [...position.taken, index].sort((one, other) => one - other) };
  }
  let first = index + 1;
  while (position.taken.includes(first)) first += 1;
  return { first, taken: position.taken.filter((one) => one > first) };
}

function writtenVersion({ outcome }: Operation): number | undefined {
  return outcome.kind === 'written' ? outcome.version : undefined;
}
