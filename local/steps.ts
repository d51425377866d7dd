/** Runs the named steps of a walk-through. A failure names its step, and an interruption ends the step under way. */

export class StepError extends Error {
  readonly step: string;

  constructor(step: string, cause: unknown) {
    super(`step "${step}" failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'StepError';
    this.step = step;
  }
}

export class InterruptedError extends Error {
  readonly exitCode: number;

  constructor(signal: string, exitCode: number) {
    super(`interrupted by ${signal}`);
    this.name = 'InterruptedError';
    this.exitCode = exitCode;
  }
}

export interface StepRunner {
  /** Prints the name of a step and runs it. @throws StepError naming it, or InterruptedError */
  step<Result>(name: string, run: () => Promise<Result>): Promise<Result>;
  /** Prints one line about the step under way. */
  print(line: string): void;
}

/** `write` receives each line. `signal` ends the step under way with its reason. */
export function createStepRunner(write: (line: string) => void, signal?: AbortSignal): StepRunner {
  let number = 0;
  return {
    print: (line) => write(`   ${line}`),
    async step(name, run) {
      signal?.throwIfAborted();
      number += 1;
      write(`${number}. ${name}`);
      try {
        return await (signal === undefined ? run() : orAborted(run(), signal));
      } catch (error) {
        throw error instanceof InterruptedError ? error : new StepError(name, error);
      }
    },
  };
}

/**
 * Stops waiting for `work` when the signal is aborted. The work itself continues, and the caller cleans up. @throws
 * the signal's reason
 */
export async function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
