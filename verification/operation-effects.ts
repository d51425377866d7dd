/**
 * What each operation makes of the keys of a group: the sequential model. Pure.
 *
 * A transaction is one operation: its comparisons are judged by what is there before it, each of its calls sees those
 * before it, and all keys that it changes get one version. A call that is declined declines all of it.
 */
import { mayDecline } from './declining.js';
import { ListExecution } from './execution.js';
import type { Branches, CallResult, Operation } from './history.js';
import { resultOf, writtenVersion } from './history.js';
import { afterUnseenWrite, afterWriteAt, allHold, atVersion, type KeyStates, mayFail } from './key-states.js';

/** The keys after an answered operation; undefined if the answer is impossible here. */
export function afterAnswered(states: KeyStates, operation: Operation): KeyStates | undefined {
  const { key, call, outcome } = operation;
  if (outcome.kind === 'mismatch') return afterMismatch(states, key, call, outcome.version);
  if (outcome.kind === 'declined') return mayDecline(states, branchesOf(operation), outcome.code) ? states : undefined;
  const answer = answerOf(operation);
  if (answer === undefined) return undefined;
  const version = writtenVersion(operation);
  const run = execute(states, branchesOf(operation), answer, version);
  if (run === undefined || run.changed.size > 0 !== version > 0) return undefined;
  if (run.changed.size === 0) return run.states;
  return afterWriteAt(run.states, run.changed, version);
}

/**
 * The keys after a write that took effect and was never answered. Empty if it cannot take effect here; several if it
 * depends on versions that are not known.
 */
export function afterUnanswered(states: KeyStates, operation: Operation, writer: number): KeyStates[] {
  const branches = branchesOf(operation);
  return [true, false].flatMap((held) => {
    const run = execute(states, branches, { held, results: undefined }, undefined);
    if (run === undefined || run.changed.size === 0) return [];
    return afterUnseenWrite(run.states, run.changed, writer) ?? [];
  });
}

interface Answer {
  /** Whether every comparison held. */
  readonly held: boolean;
  /** Undefined: not known. */
  readonly results: readonly CallResult[] | undefined;
}

function answerOf({ call, outcome }: Operation): Answer | undefined {
  if (call.kind === 'transact') return outcome.kind === 'transacted' ? outcome : undefined;
  const result = resultOf(outcome);
  return result && { held: true, results: [result] };
}

/** A call on one key is a transaction without comparisons. */
function branchesOf({ key, call }: Operation): Branches {
  return call.kind === 'transact' ? call : { compares: [], operations: [{ key, call }], otherwise: [] };
}

function afterMismatch(states: KeyStates, key: string, call: Operation['call'], version: number): KeyStates | undefined {
  const condition = call.kind === 'put' || call.kind === 'delete' ? call.ifVersion : undefined;
  return condition === version ? undefined : atVersion(states, key, version);
}

/** Undefined: it cannot have been executed here with this answer. `version`: of what it wrote, if that is known. */
function execute(
  before: KeyStates,
  { compares, operations, otherwise }: Branches,
  { held, results }: Answer,
  version: number | undefined,
): ListExecution | undefined {
  const states = held ? allHold(before, compares) : compares.some((one) => mayFail(before, one)) ? before : undefined;
  if (states === undefined) return undefined;
  const execution = new ListExecution(states, version);
  return execution.runAll(held ? operations : otherwise, results) ? execution : undefined;
}
