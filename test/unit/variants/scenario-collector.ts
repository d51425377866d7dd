/** Replaces vitest for the scenario files of a lab: it collects their scenarios, to be run one by one. */
import { expect } from 'vitest';

export interface CollectedScenario {
  readonly name: string;
  run(): unknown;
}

let collected: CollectedScenario[] = [];

function it(name: string, run: () => unknown): void {
  collected.push({ name, run });
}

/** As with vitest, a case that is an array is spread. */
it.each = (cases: readonly unknown[]) => (name: string, run: (...values: unknown[]) => unknown) => {
  for (const given of cases) {
    const values = Array.isArray(given) ? given : [given];
    it(`${name} [${values[0]}]`, () => run(...values));
  }
};

export const collector = {
  expect,
  it,
  describe: (_title: string, body: () => void): void => body(),
  /** The scenarios collected since the last call. */
  take(): readonly CollectedScenario[] {
    const taken = collected;
    collected = [];
    return taken;
  },
};
