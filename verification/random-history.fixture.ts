/**
 * Random histories of one group of keys, as fast-check arbitraries. Linearizable ones come from operations on real
 * keys, one at a time, whose times are then stretched. Mutated ones have some changes, and may or may not be
 * linearizable.
 */
import fc from 'fast-check';
import type { Call, Comparison, KeyedCall, Operation, Outcome, SingleCall } from './history.js';
import { executeOn, type LiveKeys, textAt } from './live-keys.fixture.js';

/** One key with gets, puts and deletes, or two keys with everything. */
export type HistoryRange = 'plain' | 'everything';

interface PartStep {
  readonly kind: SingleCall['kind'];
  readonly key: string;
  readonly condition: 'none' | 'right' | 'wrong' | 'value';
  readonly by: string;
  readonly limited: boolean;
}

interface Step extends PartStep {
  /** Empty: a call on one key. */
  readonly parts: readonly PartStep[];
  readonly otherwise: readonly PartStep[];
  readonly fate: 'answered' | 'refused' | 'lost' | 'lost before';
  readonly leadUs: number;
  readonly lagUs: number;
  readonly skippedVersions: number;
}

const betweenStepsUs = 10;
const longestStretchUs = 35;
/** A shorter history hardly ever becomes contradictory by a change. */
const leastToMutate = 4;

const plainKinds = ['get', 'get', 'put', 'put', 'delete'] as const;
const kinds = [...plainKinds, 'increment', 'increment', 'increment', 'append', 'setRange', 'getAndSet', 'getAndDelete'] as const;

function partStep(range: HistoryRange): fc.Arbitrary<PartStep> {
  return fc.record({
    kind: fc.constantFrom<SingleCall['kind'][]>(...(range === 'plain' ? plainKinds : kinds)),
    key: range === 'plain' ? fc.constant('k') : fc.constantFrom('k', 'n'),
    condition: fc.constantFrom('none', 'none', 'right', range === 'plain' ? 'wrong' : 'value'),
    by: fc.constantFrom('1', '1', '2', '-1', '0.5'),
    limited: fc.boolean(),
  });
}

function step(range: HistoryRange): fc.Arbitrary<Step> {
  const parts = (most: number) => fc.array(partStep(range), { maxLength: most });
  const timing = fc.record({
    parts: range === 'plain' ? fc.constant([]) : fc.oneof(fc.constant([]), parts(3)),
    otherwise: parts(2),
    fate: fc.constantFrom('answered', 'answered', 'answered', 'refused', 'lost', 'lost before'),
    leadUs: fc.nat(longestStretchUs),
    lagUs: fc.nat(longestStretchUs),
    skippedVersions: fc.constantFrom(0, 0, 1),
  });
  return fc.tuple(partStep(range), timing).map(([one, rest]) => ({ ...one, ...rest }) as Step);
}

export function linearizableHistory(range: HistoryRange, maxOperations: number, minOperations = 1): fc.Arbitrary<Operation[]> {
  return fc.array(step(range), { minLength: minOperations, maxLength: maxOperations, size: 'max' }).map(run);
}

function run(steps: readonly Step[]): Operation[] {
  let keys: LiveKeys = {};
  let lastVersion = 0;
  return steps.map((one, index) => {
    const pointUs = index * betweenStepsUs;
    const call = one.parts.length === 0 ? callOf(one, `${index}`, keys) : transactionOf(one, index, keys);
    let outcome: Outcome = { kind: 'refused', code: 'PAUSED' };
    if (one.fate === 'answered' || one.fate === 'lost') {
      lastVersion += 1 + one.skippedVersions;
      ({ keys, outcome } = executeOn(keys, one.key, call, lastVersion));
    }
    if (one.fate === 'lost' || one.fate === 'lost before') outcome = { kind: 'unknown', code: 'OUTCOME_UNKNOWN' };
    const invokedAtUs = pointUs - one.leadUs;
    // A lost write may take effect long after its client has given up.
    const returnedAtUs = one.fate === 'lost' ? invokedAtUs + one.lagUs : pointUs + one.lagUs;
    return { client: `c${index}`, key: one.key, call, invokedAtUs, returnedAtUs, outcome };
  });
}

function transactionOf({ key, condition, parts, otherwise }: Step, index: number, keys: LiveKeys): Call {
  const version = keys[key]?.version ?? 0;
  const compares: Record<PartStep['condition'], Comparison[]> = {
    none: [],
    right: [{ key, ifVersion: version }],
    wrong: [{ key, exists: version === 0 }],
    value: [{ key, ifValue: textAt(keys, key) ?? 'none', exists: true }],
  };
  const keyed = (list: readonly PartStep[], branch: string): KeyedCall[] =>
    list.map((part, place) => {
      const isFirst = list.findIndex((one) => one.key === part.key) === place;
      // The version of a key that the transaction has changed cannot be known.
      const condition = isFirst || part.condition === 'value' ? part.condition : 'none';
      return { key: part.key, call: callOf({ ...part, condition }, `${index}${branch}${place}`, keys) };
    });
  return { kind: 'transact', compares: compares[condition], operations: keyed(parts, 'd'), otherwise: keyed(otherwise, 'o') };
}

function callOf({ kind, key, condition, by, limited }: PartStep, name: string, keys: LiveKeys): SingleCall {
  const value = `v${name}`;
  switch (kind) {
    case 'put':
      return { kind, value, ...conditionOf(condition, key, keys, true) };
    case 'delete':
      return { kind, ...conditionOf(condition, key, keys, false) };
    case 'getAndSet':
      return { kind, value };
    case 'increment':
      return { kind, by, ...(limited ? { max: '2' } : { initial: '1' }) };
    case 'append':
      return { kind, value, ...(limited ? { maxBytes: 6 } : {}) };
    case 'setRange':
      return { kind, offset: limited ? 4 : 1, value };
    default:
      return { kind };
  }
}

function conditionOf(condition: PartStep['condition'], key: string, keys: LiveKeys, mayBeAbsent: boolean) {
  if (condition === 'none') return {};
  if (condition === 'value') return { ifValue: textAt(keys, key) ?? 'none' };
  const version = keys[key]?.version ?? 0;
  const ifVersion = condition === 'right' ? version : version + 1;
  // A delete cannot have the condition that the key is absent.
  return ifVersion === 0 && !mayBeAbsent ? {} : { ifVersion };
}

/** The same history with the outcome, the version, the value or the time of some operations changed. */
export function mutatedHistory(range: HistoryRange, maxOperations: number): fc.Arbitrary<Operation[]> {
  const change = fc.record({
    at: fc.nat(maxOperations),
    what: fc.constantFrom('version', 'value', 'time', 'answer'),
    by: fc.integer({ min: -2, max: 2 }),
  });
  return fc
    .tuple(linearizableHistory(range, maxOperations, leastToMutate), fc.array(change, { minLength: 2, maxLength: 4 }))
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
  if (what === 'value') return { ...operation, outcome: withOtherValue(outcome, by, index) };
  if (what === 'answer' && call.kind !== 'get') {
    return {
      ...operation,
      outcome: outcome.kind === 'refused' ? { kind: 'written', version } : { kind: 'refused', code: 'PAUSED' },
    };
  }
  return what === 'answer' ? { ...operation, outcome: { kind: 'missing' } } : operation;
}

function withOtherValue(outcome: Outcome, by: number, index: number): Outcome {
  const value = `v${Math.max(0, index + by)}`;
  switch (outcome.kind) {
    case 'found':
    case 'replaced':
      return { ...outcome, value };
    case 'sum':
      return { ...outcome, value: String(Number(outcome.value) + by) };
    case 'length':
      return { ...outcome, valueBytes: outcome.valueBytes + by };
    case 'transacted': {
      const at = Math.abs(by);
      const results = outcome.results.map((one, place) => (place === at ? withOtherValue(one, by, index) : one));
      return { ...outcome, held: by === -2 ? !outcome.held : outcome.held, results: results as typeof outcome.results };
    }
    default:
      return outcome;
  }
}
