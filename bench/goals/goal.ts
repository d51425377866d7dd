/** What every goal is to the command that measures it. */

export interface GoalRun {
  /** How often each side of a comparison is measured, in turn. */
  readonly rounds: number;
  /** How long each is measured, where the goal does not need a time of its own. */
  readonly measureMs: number;
  /** How often a node is killed or stopped, for each profile of timings, where that is what is measured. */
  readonly kills: number;
  /** Ends the run early: `measure` rejects, and leaves nothing behind. */
  readonly signal: AbortSignal;
  /** A line about what was just found, for whoever waits. */
  print(line: string): void;
}

export interface GoalOutcome {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  readonly reached: boolean;
  /** By name, the unit as its last word: what `found` was made from. */
  readonly figures: Record<string, number>;
}

/** A promise about speed that one run can show or refute. */
export interface Goal {
  readonly name: string;
  /** @throws Error if it could not be measured; its processes and folders are gone then as well. */
  measure(run: GoalRun): Promise<readonly GoalOutcome[]>;
}
