/** The interface of a goal for the command that measures it. */

export interface GoalRun {
  /** The number of measurements of each side of a comparison, which take turns. */
  readonly rounds: number;
  /** The time of one measurement, unless the goal needs its own. */
  readonly measureMs: number;
  /** The number of kills or stops of a node for each profile of timings, in goals that measure these. */
  readonly kills: number;
  /** Ends the run early: `measure` rejects, after it has removed its processes and folders. */
  readonly signal: AbortSignal;
  /** Prints a line about the last measurement. */
  print(line: string): void;
}

export interface GoalOutcome {
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  readonly reached: boolean;
  /** The measured figures behind `found`, by name. The unit is the last word of the name. */
  readonly figures: Record<string, number>;
}

/** A promise about speed that one run can show or refute. */
export interface Goal {
  readonly name: string;
  /** @throws Error if the goal could not be measured; then its processes and folders are removed as well */
  measure(run: GoalRun): Promise<readonly GoalOutcome[]>;
}
