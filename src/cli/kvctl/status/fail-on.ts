/** The health of a cluster as an exit code: the level that `kvctl status --fail-on` names. Pure. */
import { type ExitCode, exitCodes } from '../exit-codes.js';

/**
 * `serving`: every shard serves, and there are no warnings. `warnings`: every shard serves reads and writes, but a
 * copy is missing, a node does not answer, or a node warns. `not-serving`: some shard does not serve reads or writes.
 */
export type ClusterHealth = 'serving' | 'warnings' | 'not-serving';

/** `never`: the exit code is 0 for every cluster whose status could be read. */
export type FailOn = 'warnings' | 'not-serving' | 'never';

export const failOnLevels: readonly FailOn[] = ['warnings', 'not-serving', 'never'];

/** With this level `kvctl status && next` runs `next` only if every shard serves, as a rolling restart needs. */
export const defaultFailOn: FailOn = 'not-serving';

export function exitCodeOfHealth(health: ClusterHealth, failOn: FailOn): ExitCode {
  if (health === 'serving' || failOn === 'never') return exitCodes.ok;
  if (health === 'not-serving') return exitCodes.notServing;
  return failOn === 'warnings' ? exitCodes.servesWithWarnings : exitCodes.ok;
}
