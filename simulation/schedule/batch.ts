/** The requests to workers and their results, as plain data, which passes between threads. */
export interface Batch {
  readonly firstSeed: number;
  readonly count: number;
  readonly steps: number;
  /** Only schedules in which nodes place shards by themselves. */
  readonly placing: boolean;
}

export interface FailedSeed {
  readonly seed: number;
  readonly failure: string;
  /** The shrunk schedule as a text. */
  readonly script: string;
}

export interface BatchResult {
  readonly schedules: number;
  readonly events: number;
  readonly leastEvents: number;
  readonly faults: number;
  readonly leastFaults: number;
  readonly operations: number;
  readonly undecided: number;
  readonly simulatedMs: number;
  readonly failures: readonly FailedSeed[];
}

export const nothing: BatchResult = {
  schedules: 0,
  events: 0,
  leastEvents: Number.POSITIVE_INFINITY,
  faults: 0,
  leastFaults: Number.POSITIVE_INFINITY,
  operations: 0,
  undecided: 0,
  simulatedMs: 0,
  failures: [],
};

export function sum(one: BatchResult, other: BatchResult): BatchResult {
  return {
    schedules: one.schedules + other.schedules,
    events: one.events + other.events,
    leastEvents: Math.min(one.leastEvents, other.leastEvents),
    faults: one.faults + other.faults,
    leastFaults: Math.min(one.leastFaults, other.leastFaults),
    operations: one.operations + other.operations,
    undecided: one.undecided + other.undecided,
    simulatedMs: one.simulatedMs + other.simulatedMs,
    failures: [...one.failures, ...other.failures],
  };
}
