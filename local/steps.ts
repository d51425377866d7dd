/** Named steps of a walk-through: a failure says in which of them, and an interruption ends the step under way. */

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
  /** Runs one step and tells its name. @throws StepError naming it, or InterruptedError. */
  step<Result>(name: string, run: () => Promise<Result>): Promise<Result>;
  /** One line of what happened in it. */
  print(line: string): void;
}

/** `write` takes one line; `signal` ends the step under way with its reason. */
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

/** Work that is given up, not ended, when the signal comes: whoever began it cleans up. @throws the reason of the signal. */
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
