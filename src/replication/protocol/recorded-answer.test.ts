import { expect, test } from 'vitest';
import { type RecordedAnswer, withVersions } from './recorded-answer.js';

/** As after a raised seq floor (R13): 3 was applied, and the entries behind it are now those behind 1,000. */
const newVersion = (version: number): number => (version > 3 ? version + 997 : version);

test('an answer names the new versions of entries that were not applied, and the old ones of those that were', () => {
  const results = [{ version: 5, previousVersion: 4 }, { version: 5, previousVersion: 5 }, { version: 2 }, { version: 0 }];
  const answers: readonly RecordedAnswer[] = [
    { kind: 'transacted', version: 5, held: true, results },
    { kind: 'refused', refusal: 'VERSION_MISMATCH', currentVersion: 4, operation: 1 },
    { kind: 'refused', refusal: 'VALUE_MISMATCH', currentVersion: 3 },
    { kind: 'nothingToDelete' },
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
  ]);
});
