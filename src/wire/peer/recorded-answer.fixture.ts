/** Recorded answers of every kind, for the tests of codecs, and the same as protobufjs has them. */
import * as fc from 'fast-check';
import type { RecordedAnswer } from '../../replication/index.js';

const number = fc.oneof(fc.nat(300), fc.maxSafeNat());
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => new Uint8Array(array));
const result = fc.record(
  { version: number, value: bytes, previousVersion: number, valueBytes: number, existed: fc.boolean(), expiresAtMs: number },
  { requiredKeys: ['version'] },
);

export const recordedAnswer: fc.Arbitrary<RecordedAnswer> = fc.oneof(
  fc.constant({ kind: 'nothingToDelete' as const }),
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

/** The fields of the message; a version of 0 is left out, as on the wire. */
export function plainAnswer(answer: RecordedAnswer): object {
  const { kind: _, ...fields } = answer;
  if (answer.kind !== 'transacted') return withoutZero(fields);
  return withoutZero({ ...fields, results: answer.results.map(withoutZero) });
}

function withoutZero(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== 0 || !['version', 'currentVersion'].includes(name)),
  );
}
