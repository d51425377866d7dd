/**
 * Random histories of one key, as fast-check arbitraries. Linearizable ones come from operations on a real register,
 * one at a time, whose times are then stretched. Mutated ones have one change, and may or may not be linearizable.
 */
import fc from 'fast-check';
import type { Call, Operation, Outcome } from './history.js';

interface Step {
  readonly kind: 'get' | 'put' | 'delete';
  readonly condition: 'none' | 'right' | 'wrong';
  readonly fate: 'answered' | 'refused' | 'lost' | 'lost before';
  readonly leadUs: number;
  readonly lagUs: number;
  readonly skippedVersions: number;
}

const betweenStepsUs = 10;
const longestStretchUs = 35;
/** A shorter history hardly ever becomes contradictory by a change. */
const leastToMutate = 4;

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('get', 'get', 'put', 'put', 'delete'),
  condition: fc.constantFrom('none', 'none', 'right', 'wrong'),
  fate: fc.constantFrom('answered', 'answered', 'answered', 'refused', 'lost', 'lost before'),
  leadUs: fc.nat(longestStretchUs),
  lagUs: fc.nat(longestStretchUs),
  skippedVersions: fc.constantFrom(0, 0, 1),
});

export function linearizableHistory(maxOperations: number, minOperations = 1): fc.Arbitrary<Operation[]> {
  return fc.array(step, { minLength: minOperations, maxLength: maxOperations, size: 'max' }).map(run);
}

function run(steps: readonly Step[]): Operation[] {
  const key = new LiveKey();
  return steps.map((one, index) => {
    const pointUs = index * betweenStepsUs;
    const call = callOf(one, index, key.version);
    let outcome: Outcome = { kind: 'refused', code: 'PAUSED' };
    if (one.fate === 'answered' || one.fate === 'lost') outcome = key.execute(call, one.skippedVersions);
    if (one.fate === 'lost' || one.fate === 'lost before') outcome = { kind: 'unknown', code: 'OUTCOME_UNKNOWN' };
    const invokedAtUs = pointUs - one.leadUs;
    // A lost write may take effect long after its client has given up.
    const returnedAtUs = one.fate === 'lost' ? invokedAtUs + one.lagUs : pointUs + one.lagUs;
    return { client: `c${index}`, key: 'k', call, invokedAtUs, returnedAtUs, outcome };
  });
}

/** A correct register, which executes one operation after the other. */
class LiveKey {
  version = 0;
  #value: string | undefined;
  #highest = 0;

  execute(call: Call, skippedVersions: number): Outcome {
    if (call.kind === 'get') return this.#read();
    if (call.ifVersion !== undefined && call.ifVersion !== this.version) return { kind: 'mismatch', version: this.version };
    if (call.kind === 'delete' && this.#value === undefined) return { kind: 'nothingToDelete' };
    this.#highest += 1 + skippedVersions;
    this.#value = call.kind === 'put' ? call.value : undefined;
    this.version = call.kind === 'put' ? this.#highest : 0;
    return { kind: 'written', version: this.#highest };
  }

  #read(): Outcome {
    const value = this.#value;
    return value === undefined ? { kind: 'missing' } : { kind: 'found', value, version: this.version };
  }
}

function callOf({ kind, condition }: Step, index: number, version: number): Call {
  if (kind === 'get') return { kind };
  const ifVersion = condition === 'right' ? version : version + 1;
  // A delete cannot have the condition that the key is absent.
  const wanted = condition === 'none' || (kind === 'delete' && ifVersion === 0) ? {} : { ifVersion };
  return kind === 'put' ? { kind, value: `v${index}`, ...wanted } : { kind, ...wanted };
}

/** The same history with the outcome, the version, the value or the time of some operations changed. */
export function mutatedHistory(maxOperations: number): fc.Arbitrary<Operation[]> {
  const change = fc.record({
    at: fc.nat(maxOperations),
    what: fc.constantFrom('version', 'value', 'time', 'answer'),
    by: fc.integer({ min: -2, max: 2 }),
  });
  return fc
    .tuple(linearizableHistory(maxOperations, leastToMutate), fc.array(change, { minLength: 2, maxLength: 4 }))
    .map(([history, changes]) => {
      const changed = [...history];
      for (const { at, what, by } of changes) {
        const index = at % changed.length;
        changed[index] = mutate(changed[index]!, what, by, index);
      }
      return changed;
    });
}

function mutate(operation: Operation, what: 'version' | 'value' | 'time' | 'answer', by: number, index: number): Operation {
  const { outcome, call } = operation;
  const version = 'version' in outcome ? Math.max(1, outcome.version + by) : 1;
  if (what === 'time') {
    const shiftUs = by * betweenStepsUs * 2;
    return { ...operation, invokedAtUs: operation.invokedAtUs + shiftUs, returnedAtUs: operation.returnedAtUs + shiftUs };
  }
  if (what === 'version' && 'version' in outcome) return { ...operation, outcome: { ...outcome, version } };
  if (what === 'value' && outcome.kind === 'found') {
    return { ...operation, outcome: { ...outcome, value: `v${Math.max(0, index + by)}` } };
  }
  if (what === 'answer' && call.kind !== 'get') {
    return {
      ...operation,
      outcome: outcome.kind === 'refused' ? { kind: 'written', version } : { kind: 'refused', code: 'PAUSED' },
    };
  }
  return what === 'answer' ? { ...operation, outcome: { kind: 'missing' } } : operation;
}
