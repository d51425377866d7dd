/**
 * A table of protocols that are broken on purpose, and a test for each: the check that should catch the violation
 * catches it.
 *
 * A variant is caught by seeded schedules of faults, by an existing scenario, or by its own script. The error must be
 * a violation: an invariant, an expectation, or a cluster that never serves. An edit that only fails to run
 * proves nothing.
 *
 *     VARIANT_SEEDS=300 npx vitest run --project unit test/unit/variants --reporter=verbose
 *
 * also reports for each variant, however it is caught here, the first of these schedules that catches it.
 */
import { describe, it } from 'vitest';
import { type Edit, type Lab, openLab, scenarioTopics } from './variant-lab.js';

type Check =
  /** One of the schedules from seed 1 to `within` fails. */
  | { readonly by: 'schedules'; readonly within: number }
  /** One of the placement schedules from seed 1 to `within` fails: in those, nodes place shards by themselves. */
  | { readonly by: 'placings'; readonly within: number }
  /** One of the schedules from seed 1 to `within` fails in which some nodes have their applied state in a database. */
  | { readonly by: 'laggings'; readonly within: number }
  /** One of src/replication/scenarios/<topic>.test.ts fails. */
  | { readonly by: 'scenario'; readonly topic: string }
  | { readonly by: 'script'; readonly script: (lab: Lab) => void };

export interface Variant {
  readonly rule: string;
  /** What the broken protocol does. */
  readonly does: string;
  readonly edits: readonly Edit[];
  readonly caughtBy: Check;
}

export interface Harmless {
  readonly rule: string;
  readonly does: string;
  readonly edits: readonly Edit[];
  /** The reason why it cannot lose, corrupt or block anything. */
  readonly because: string;
}

export function schedules(within: number): Check {
  return { by: 'schedules', within };
}
export function placings(within: number): Check {
  return { by: 'placings', within };
}
export function laggings(within: number): Check {
  return { by: 'laggings', within };
}
export function scenario(topic: string): Check {
  return { by: 'scenario', topic };
}
export function script(run: (lab: Lab) => void): Check {
  return { by: 'script', script: run };
}

/** Runs the actions that need no time, at most `most` of them: a variant may loop for ever. */
export function runActions(c: InstanceType<Lab['Scenario']>, most: number): void {
  for (let count = 0; count < most; count++) {
    const [next] = c.cluster.actions();
    if (next === undefined) return;
    c.cluster.run(next);
  }
}

const stepsOfSchedule = 150;
/** The error of a schedule with too few events. A broken protocol may cause it, but it proves nothing. */
const isWhole = false;
const schedulesOfHarmless = 20;
const seedsToReport = Number(process.env.VARIANT_SEEDS ?? 0);
/** A control runs as many schedules as the variant that needs most. */
const timeout = 180_000 + seedsToReport * 1000;

/** The violation that the check finds, and where; undefined: none. */
function violation(lab: Lab, check: Check): string | undefined {
  if (check.by === 'script') return failureOf('its own script', () => check.script(lab));
  if (check.by === 'schedules') return failingSchedule(lab, check.within);
  if (check.by === 'placings') return failingSchedule(lab, check.within, isPlacing);
  if (check.by === 'laggings') return failingSchedule(lab, check.within, isLagging);
  for (const { name, run } of lab.scenariosOf(check.topic)) {
    const failure = failureOf(`scenario "${name}"`, run);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function isPlacing({ setup }: ReturnType<Lab['planOf']>): boolean {
  return setup.placing !== undefined;
}

function isLagging({ setup }: ReturnType<Lab['planOf']>): boolean {
  return setup.lag?.isLagging.includes(true) === true;
}

function failingSchedule({ planOf, runPlan }: Lab, most: number, suits: typeof isPlacing = () => true): string | undefined {
  for (let seed = 1, count = 0; count < most; seed++) {
    const plan = planOf(seed, stepsOfSchedule);
    if (!suits(plan)) continue;
    count++;
    const failure = failureOf(`schedule ${seed}`, () => {
      const { cause } = runPlan(plan, {}, isWhole);
      if (cause !== undefined) throw cause;
    });
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function failureOf(where: string, attempt: () => unknown): string | undefined {
  try {
    attempt();
    return undefined;
  } catch (error) {
    const isBug = [TypeError, ReferenceError, RangeError, SyntaxError].some((kind) => error instanceof kind);
    if (isBug) throw new Error('the edit does not run', { cause: error });
    return `${where}: ${String(error).split('\n')[0]}`;
  }
}

/** One test for each variant, and the control: the unbroken protocol passes every check that catches one of them. */
export function describeVariants(title: string, variants: readonly Variant[]): void {
  const topics = [...new Set(variants.flatMap(({ caughtBy }) => (caughtBy.by === 'scenario' ? [caughtBy.topic] : [])))];
  describe(`broken on purpose: ${title}`, { timeout }, () => {
    for (const { rule, does, edits, caughtBy } of variants) {
      it(`${rule}: ${does}`, async ({ annotate }) => {
        const lab = await openLab(edits, caughtBy.by === 'scenario' ? [caughtBy.topic] : []);
        const found = violation(lab, caughtBy);
        if (found === undefined) throw new Error(`not caught by ${JSON.stringify(caughtBy)}`);
        await annotate(found);
        if (seedsToReport > 0) await annotate(failingSchedule(lab, seedsToReport) ?? `none of ${seedsToReport} schedules`);
      });
    }

    it('control: the unbroken protocol passes the checks that catch these', async () => {
      const lab = await openLab([], topics);
      const most = (by: 'schedules' | 'placings' | 'laggings'): number =>
        Math.max(0, ...variants.map(({ caughtBy }) => (caughtBy.by === by ? caughtBy.within : 0)));
      const scripts = variants.flatMap(({ caughtBy }) => (caughtBy.by === 'script' ? [caughtBy] : []));
      const seeded = [schedules(most('schedules')), placings(most('placings')), laggings(most('laggings'))];
      for (const check of [...topics.map(scenario), ...scripts, ...seeded]) {
        const found = violation(lab, check);
        if (found !== undefined) throw new Error(`the unbroken protocol fails ${found}`);
      }
    });
  });
}

/**
 * Variants that break the letter of a rule without harm. They are listed so that no one searches for the missing
 * check.
 */
export function describeHarmless(variants: readonly Harmless[]): void {
  describe('broken on purpose, without harm', { timeout }, () => {
    for (const { rule, does, edits, because } of variants) {
      it(`${rule}: ${does}`, async ({ annotate }) => {
        const lab = await openLab(edits, scenarioTopics);
        for (const check of [...scenarioTopics.map(scenario), schedules(Math.max(schedulesOfHarmless, seedsToReport))]) {
          const found = violation(lab, check);
          if (found !== undefined) throw new Error(`it does harm: ${found}`);
        }
        await annotate(because);
      });
    }
  });
}
