/**
 * A table of protocols that are broken on purpose, and a test for each: what is to see the violation of a rule sees it.
 *
 * A variant is caught by the first of: a seeded schedule of faults, an existing scenario, or a script of its own. What is
 * thrown must be a violation (an invariant, an expectation, a cluster that does not come to serve): an edit that merely
 * does not run has shown nothing.
 */
import { describe, it } from 'vitest';
import { planOf, run } from '../../../simulation/index.js';
import { type Edit, type Lab, openLab, scenarioTopics } from './variant-lab.js';

type Check =
  /** One of the seeds from 1 to `within` fails. */
  | { readonly by: 'schedules'; readonly within: number }
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

export function schedules(within: number): Check {
  return { by: 'schedules', within };
}
export function scenario(topic: string): Check {
  return { by: 'scenario', topic };
}
export function script(run: (lab: Lab) => void): Check {
  return { by: 'script', script: run };
}

const stepsOfSchedule = 400;
/** What happens without time passing; a variant may go round in circles. */
export function runActions(c: InstanceType<Lab['Scenario']>, most: number): void {
  for (let count = 0; count < most; count++) {
    const [next] = c.cluster.actions();
    if (next === undefined) return;
    c.cluster.run(next);
  }
}

const testTimeoutMs = 3_600_000;

const mostSeeds = Number(process.env.SEEDS ?? 0);
function firstSeedThatFails({ Replica }: Lab): string {
  for (let seed = 1; seed <= mostSeeds; seed++) {
    const { failure } = run(planOf(seed, 150), { newReplica: (...given) => new Replica(...given) });
    if (failure !== undefined) return `SIM ${seed}: ${failure.split('\n')[0]}`;
  }
  return `SIM none of ${mostSeeds}`;
}

/** What the check finds wrong, and where; undefined: nothing. */
function violation(lab: Lab, check: Check): string | undefined {
  if (check.by === 'script') return failureOf('its own script', () => check.script(lab));
  if (check.by === 'scenario') {
    for (const { name, run } of lab.scenariosOf(check.topic)) {
      const failure = failureOf(`"${name}"`, run);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }
  for (let seed = 1; seed <= check.within; seed++) {
    const failure = failureOf(`schedule ${seed} of ${check.within}`, () => lab.runSchedule({ seed, steps: stepsOfSchedule }));
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function failureOf(where: string, run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const isBug = [TypeError, ReferenceError, RangeError, SyntaxError].some((kind) => cause instanceof kind);
    if (isBug) throw new Error('the edit does not run', { cause });
    return `${where}: ${String(cause).split('\n')[0]}`;
  }
}

/** One test for each variant, and the control: the protocol as it is passes every check that catches one of them. */
export function describeVariants(title: string, variants: readonly Variant[]): void {
  const topics = [...new Set(variants.flatMap(({ caughtBy }) => (caughtBy.by === 'scenario' ? [caughtBy.topic] : [])))];
  describe(`broken on purpose: ${title}`, { timeout: testTimeoutMs }, () => {
    for (const { rule, does, edits, caughtBy } of variants) {
      it(`${rule}: ${does}`, async ({ annotate }) => {
        const lab = await openLab(edits, caughtBy.by === 'scenario' ? [caughtBy.topic] : []);
        const found = violation(lab, caughtBy);
        if (found === undefined) throw new Error(`not caught by ${JSON.stringify(caughtBy)}`);
        await annotate(found);
        if (mostSeeds > 0) await annotate(firstSeedThatFails(lab));
      });
    }

    it('control: the protocol as it is passes what catches these', async () => {
      const lab = await openLab([], topics);
      const mostSchedules = Math.max(0, ...variants.map(({ caughtBy }) => (caughtBy.by === 'schedules' ? caughtBy.within : 0)));
      const scripts = variants.flatMap(({ caughtBy }) => (caughtBy.by === 'script' ? [caughtBy] : []));
      for (const check of [...topics.map(scenario), ...scripts, schedules(mostSchedules)]) {
        const found = violation(lab, check);
        if (found !== undefined) throw new Error(`the unbroken protocol fails ${found}`);
      }
    });
  });
}

export interface Harmless {
  readonly rule: string;
  readonly does: string;
  readonly edits: readonly Edit[];
  /** Why nothing can be lost, bent or blocked by it. */
  readonly because: string;
}

const schedulesOfHarmless = 5;

/** What breaks the letter of a rule and harms nobody: said here, so that nobody searches for the check that is missing. */
export function describeHarmless(variants: readonly Harmless[]): void {
  describe('broken on purpose, without harm', { timeout: testTimeoutMs }, () => {
    for (const { rule, does, edits, because } of variants) {
      it(`${rule}: ${does}`, async ({ annotate }) => {
        const lab = await openLab(edits, scenarioTopics);
        for (const check of [...scenarioTopics.map(scenario), schedules(schedulesOfHarmless)]) {
          const found = violation(lab, check);
          if (found !== undefined) throw new Error(`it does harm: ${found}`);
        }
        await annotate(because);
      });
    }
  });
}
