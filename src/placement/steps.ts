/** A computation that can be interrupted after every step; its result does not depend on when, or how often. */
export type Steps<Result> = Generator<void, Result, void>;

/** Runs all steps at once. */
export function runToEnd<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
