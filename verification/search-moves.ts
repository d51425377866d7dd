/**
 * One step of the search of linearizability.ts: its position, and the possible next positions. Pure.
 *
 * A position is small: operations are numbered in order of invocation, and all before `first` have been taken, so only
 * the few beyond it need to be listed. Positions are values, so the search goes back by dropping one.
 *
 * The moves leave out alternatives that are never needed. An answer that fits the keys exactly may always be taken
 * at once. Answered writes must be taken in the order of their versions. An unknown write whose effect the next
 * operation does not need can as well be taken later, or left out. An operation can only need it if both name a key, or
 * if unknown writes between them connect their keys. Among like unknown writes only the one that began first is tried.
 */
import { isAnswered, namedKeys, type Operation, writtenVersion } from './history.js';
import { areAsFree, type KeyStates } from './key-states.js';
import { afterAnswered, afterUnanswered } from './operation-effects.js';
import { absent } from './register.js';
import { type UnknownWrite, unknownWrites } from './unknown-writes.js';

interface RequiredOperation extends Operation {
  readonly keys: ReadonlySet<string>;
}

export interface SearchProblem {
  /** The answered operations, which must all be taken, in order of invocation. */
  readonly required: readonly RequiredOperation[];
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
  readonly states: KeyStates;
  /** Set if unknown writes were taken last. The next operation must need all of them. */
  readonly unseen: Unseen | undefined;
}

export interface Unseen {
  /** The keys before the last unknown write. */
  readonly states: KeyStates;
  /** The unknown writes taken since the last answered operation, in this order. */
  readonly chain: readonly number[];
}

export function startOf(operations: readonly Operation[]): { problem: SearchProblem; position: Position } {
  const inOrder = [...operations].sort((one, other) => one.invokedAtUs - other.invokedAtUs);
  const required = inOrder.filter(isAnswered).map((one) => ({ ...one, keys: namedKeys(one) }));
  const versions = required.map(writtenVersion).filter((version) => version > 0);
  const problem = { required, unknown: unknownWrites(inOrder, required), versions: versions.sort((a, b) => a - b) };
  const states = new Map([...new Set(inOrder.flatMap((one) => [...namedKeys(one)]))].map((key) => [key, absent]));
  return { problem, position: { first: 0, taken: [], unknownTaken: [], writes: 0, states, unseen: undefined } };
}

/** Every possible next position, the most promising last. */
export function movesFrom(problem: SearchProblem, position: Position): Position[] {
  const { candidates, firstReturnUs } = candidatesAt(problem, position);
  const moves: Position[] = [];
  for (const index of candidates) {
    const next = take(problem, position, index);
    if (next === undefined) continue;
    if (next.states === position.states) return [next];
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

function take({ required, unknown, versions }: SearchProblem, position: Position, index: number): Position | undefined {
  const operation = required[index]!;
  const { unseen } = position;
  if (unseen !== undefined && !isConnected(unseen.chain, unknown, operation)) return undefined;
  const version = writtenVersion(operation);
  if (version > 0 && !isNext(versions, position.writes, version)) return undefined;
  const states = afterAnswered(position.states, operation);
  if (states === undefined) return undefined;
  if (unseen !== undefined) {
    const without = afterAnswered(unseen.states, operation);
    if (without !== undefined && areAsFree(without, states)) return undefined;
  }
  const writes = position.writes + (version > 0 ? 1 : 0);
  return { ...advance(position, index), unknownTaken: position.unknownTaken, writes, states, unseen: undefined };
}

/** No two answered writes have one version. */
function isNext(versions: readonly number[], index: number, version: number): boolean {
  return version === versions[index] && version !== versions[index - 1];
}

function unknownMoves({ unknown }: SearchProblem, position: Position, firstReturnUs: number): Position[] {
  const moves: Position[] = [];
  const met = new Set<string>();
  for (const [write, { invokedAtUs, likeness }] of unknown.entries()) {
    if (invokedAtUs > firstReturnUs) break;
    if (position.unknownTaken.includes(write) || (likeness !== undefined && met.has(likeness))) continue;
    if (likeness !== undefined) met.add(likeness);
    moves.push(...takeUnknown(unknown, position, write));
  }
  return moves;
}

function takeUnknown(unknown: readonly UnknownWrite[], position: Position, write: number): Position[] {
  const operation = unknown[write]!;
  const { unseen, states: before } = position;
  const chain = unseen?.chain ?? [];
  const last = chain.at(-1);
  const isDependent = last !== undefined && shareKey(unknown[last]!, operation);
  // Independent writes are tried in one order.
  if (last !== undefined && !isDependent && write < last) return [];
  const unknownTaken = [...position.unknownTaken, write].sort((one, other) => one - other);
  const without = isDependent ? afterUnanswered(unseen!.states, operation, write) : [];
  return afterUnanswered(before, operation, write)
    .filter((states) => !without.some((one) => areAsFree(one, states)))
    .map((states) => ({ ...position, unknownTaken, states, unseen: { states: before, chain: [...chain, write] } }));
}

/** Whether the operation depends on each of these writes, directly or over later ones of them. */
function isConnected(chain: readonly number[], unknown: readonly UnknownWrite[], operation: RequiredOperation): boolean {
  const keys = new Set(operation.keys);
  return chain.toReversed().every((write) => {
    const connects = shareKey({ keys }, unknown[write]!);
    for (const key of unknown[write]!.keys) keys.add(key);
    return connects;
  });
}

function shareKey({ keys }: { readonly keys: ReadonlySet<string> }, other: { readonly keys: ReadonlySet<string> }): boolean {
  for (const key of keys) if (other.keys.has(key)) return true;
  return false;
}

function advance(position: Position, index: number): { first: number; taken: readonly number[] } {
  if (index !== position.first) {
    return { first: position.first, taken: [...position.taken, index].sort((one, other) => one - other) };
  }
  let first = index + 1;
  while (position.taken.includes(first)) first += 1;
  return { first, taken: position.taken.filter((one) => one > first) };
}
