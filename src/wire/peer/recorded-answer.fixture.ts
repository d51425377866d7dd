/** Recorded answers of every kind, for the tests of codecs, and the same as protobufjs has them. */
import * as fc from 'fast-check';
import { type RecordedAnswer, type RecordedRequest, wroteAnswer } from '../../replication/index.js';

const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => new Uint8Array(array));
const result = fc.record(
  { version: number, value: bytes, previousVersion: number, valueBytes: number, existed: fc.boolean(), expiresAtMs: number },
  { requiredKeys: ['version'] },
);

export const recordedAnswer: fc.Arbitrary<RecordedAnswer> = fc.oneof(
  fc.constant({ kind: 'nothingToDelete' as const }),
  fc.integer({ min: 1, max: 1_024 }).map(wroteAnswer),
  fc.record({ kind: fc.constant('counted' as const), sum: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
  fc.record({
    kind: fc.constant('transacted' as const),
    version: number,
    held: fc.boolean(),
    results: fc.array(result, { maxLength: 4 }),
  }),
  fc.record(
    {
      kind: fc.constant('refused' as const),
      refusal: fc.constantFrom('VERSION_MISMATCH' as const, 'OUT_OF_RANGE' as const),
      currentVersion: number,
      operation: fc.nat(1_024),
    },
    { requiredKeys: ['kind', 'refusal', 'currentVersion'] },
  ),
);

/** The fields of the message of a request; those that are 0 and left out on the wire are left out. */
export function plainRequest({ answer, lowest, floor, ...fields }: Omit<RecordedRequest, 'seq'>): object {
  return {
    ...fields,
    ...(lowest === 0 ? {} : { lowest }),
    ...(floor === 0 ? {} : { floor }),
    ...(answer === undefined ? {} : { answer: plainAnswer(answer) }),
  };
}

function plainAnswer(answer: RecordedAnswer): object {
  if (answer.kind === 'wrote') return { wrote: answer.operations };
  const { kind: _, ...fields } = answer;
  if (answer.kind !== 'transacted') return withoutZero(fields);
  return withoutZero({ ...fields, results: answer.results.map(withoutZero) });
}

function withoutZero(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== 0 || !['version', 'currentVersion'].includes(name)),
  );
}
