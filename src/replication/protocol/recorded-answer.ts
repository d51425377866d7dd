/** The first answer to a request, as its log entry and the applied state keep it (R16). */
import type { Seq } from './ids.js';
import type { KeyResult } from './transaction.js';

/** Why a request that was judged by what is stored wrote nothing. */
export const judgedRefusals = [
  ...(['VERSION_MISMATCH', 'VALUE_MISMATCH', 'NOT_A_NUMBER', 'OUT_OF_RANGE', 'VALUE_TOO_LARGE'] as const),
  'MESSAGE_TOO_LARGE',
] as const;
export type JudgedRefusal = (typeof judgedRefusals)[number];

/** An answer that says more than the version of its entry. */
export type RecordedAnswer =
  | { readonly kind: 'transacted'; readonly version: Seq; readonly held: boolean; readonly results: readonly KeyResult[] }
  | { readonly kind: 'nothingToDelete' }
  | {
      readonly kind: 'refused';
      readonly refusal: JudgedRefusal;
      readonly currentVersion: Seq;
      /** Of a transaction: which of its operations. */
      readonly operation?: number;
    };

/** The answer with other versions: entries that were not applied have got new seqs (R13). */
export function withVersions(answer: RecordedAnswer, versionOf: (version: Seq) => Seq): RecordedAnswer {
  if (answer.kind === 'nothingToDelete') return answer;
  if (answer.kind === 'refused') return { ...answer, currentVersion: versionOf(answer.currentVersion) };
  const results = answer.results.map((result) => {
    const { version, previousVersion } = result;
    const changed = { ...result, version: versionOf(version) };
    return previousVersion === undefined ? changed : { ...changed, previousVersion: versionOf(previousVersion) };
  });
  return { ...answer, version: versionOf(answer.version), results };
}

/** Estimated memory of an answer, and of a result in it, beside its value. */
const answerOverheadBytes = 64;
const resultOverheadBytes = 96;

export function answerBytes(answer: RecordedAnswer | undefined): number {
  if (answer === undefined) return 0;
  let bytes = answerOverheadBytes;
  if (answer.kind === 'transacted') for (const { value } of answer.results) bytes += resultOverheadBytes + (value?.length ?? 0);
  return bytes;
}
