import { describe, expect, test } from 'vitest';
import { judgedForm, type RecordedAnswer, recordedForm, withVersions, wroteAnswer } from './recorded-answer.js';
import type { KeyResult } from './transaction.js';

/** As after a raised seq floor (R13): 3 was applied, and the entries behind it are now those behind 1,000. */
const newVersion = (version: number): number => (version > 3 ? version + 997 : version);

test('an answer names the new versions of entries that were not applied, and the old ones of those that were', () => {
  const results = [{ version: 5, previousVersion: 4 }, { version: 5, previousVersion: 5 }, { version: 2 }, { version: 0 }];
  const answers: readonly RecordedAnswer[] = [
    { kind: 'transacted', version: 5, held: true, results },
    { kind: 'refused', refusal: 'VERSION_MISMATCH', currentVersion: 4, operation: 1 },
    { kind: 'refused', refusal: 'VALUE_MISMATCH', currentVersion: 3 },
    { kind: 'nothingToDelete' },
    { kind: 'wrote', operations: 2 },
  ];
  expect(answers.map((answer) => withVersions(answer, newVersion))).toEqual([
    {
      kind: 'transacted',
      version: 1_002,
      held: true,
      results: [
        { version: 1_002, previousVersion: 1_001 },
        { version: 1_002, previousVersion: 1_002 },
        { version: 2 },
        { version: 0 },
      ],
    },
    { kind: 'refused', refusal: 'VERSION_MISMATCH', currentVersion: 1_001, operation: 1 },
    { kind: 'refused', refusal: 'VALUE_MISMATCH', currentVersion: 3 },
    { kind: 'nothingToDelete' },
    { kind: 'wrote', operations: 2 },
  ]);
});

describe('the recorded form of an answer', () => {
  const sum = new Uint8Array([0x31]);
  const transacted = (...results: readonly KeyResult[]) => ({ kind: 'transacted', version: 5, held: true, results }) as const;

  test('is short where each operation is answered with the version of the entry alone', () => {
    expect(recordedForm(transacted({ version: 5 }), sum)).toBe(wroteAnswer(1));
    expect(recordedForm(transacted({ version: 5, value: undefined }, { version: 5 }), sum)).toBe(wroteAnswer(2));
  });

  test('is short where the one operation is answered with what the entry writes', () => {
    expect(recordedForm(transacted({ version: 5, value: sum }), sum)).toEqual({ kind: 'counted', sum });
  });

  test.each<[string, RecordedAnswer & { kind: 'transacted' }]>([
    ['a version that was read', transacted({ version: 4 })],
    ['nothing that was written', transacted({ version: 5 }, { version: 0 })],
    ['a value that was read', transacted({ version: 5, value: new Uint8Array([0x31]) })],
    ['a sum beside another result', transacted({ version: 5, value: sum }, { version: 5 })],
    ['the value before', transacted({ version: 5, value: sum, previousVersion: 0 })],
    ['the length of a value', transacted({ version: 5, valueBytes: 0 })],
    ['whether a key existed', transacted({ version: 5, existed: false })],
    ['when a key expires', transacted({ version: 5, expiresAtMs: 0 })],
    ['no result', transacted()],
    ['the other operations', { ...transacted({ version: 5 }), held: false }],
  ])('is the whole answer where it names %s', (_, answer) => {
    expect(recordedForm(answer, sum)).toBe(answer);
  });

  test('gives the first answer again, with the version of the entry', () => {
    for (const answer of [
      transacted({ version: 5 }),
      transacted({ version: 5 }, { version: 5 }),
      transacted({ version: 5, value: sum }),
    ]) {
      const recorded = recordedForm(answer, sum);
      expect(recorded.kind).not.toBe('transacted');
      expect(judgedForm(recorded, 5)).toEqual(answer);
    }
    expect(judgedForm({ kind: 'counted', sum }, 9)).toMatchObject({ version: 9, results: [{ version: 9 }] });
  });
});
