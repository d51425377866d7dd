/**
 * A computation that may be left off after every step, so that whoever runs it can do something else in between. What it comes
 * to does not depend on when, or how often, that happens.
 */
export type Steps<Result> = Generator<void, Result, void>;

/** All at once. */
export function runToEnd<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
