/** The first answer to a request, as its log entry and the applied state keep it (R16). */
import type { Seq } from './ids.js';
import type { KeyResult } from './transaction.js';

/** Why a request that was judged by what is stored wrote nothing. */
export const judgedRefusals = [
  ...(['VERSION_MISMATCH', 'VALUE_MISMATCH', 'NOT_A_NUMBER', 'OUT_OF_RANGE', 'VALUE_TOO_LARGE'] as const),
  'MESSAGE_TOO_LARGE',
] as const;
export type JudgedRefusal = (typeof judgedRefusals)[number];

/** The answer to a request that said more than the version of its entry. */
export type JudgedAnswer =
  | { readonly kind: 'transacted'; readonly version: Seq; readonly held: boolean; readonly results: readonly KeyResult[] }
  | { readonly kind: 'nothingToDelete' }
  | {
      readonly kind: 'refused';
      readonly refusal: JudgedRefusal;
      readonly currentVersion: Seq;
      /** Of a transaction: which of its operations. */
      readonly operation?: number;
    };

/**
 * As it is recorded. Two kinds are what nearly all transactions are answered with, in a form that costs little on every replica.
 * Both: every compare held, and each operation wrote.
 */
export type RecordedAnswer =
  | JudgedAnswer
  /** `operations`: their number. Each is answered with the version of the entry alone. */
  | { readonly kind: 'wrote'; readonly operations: number }
  /** An increment, the only operation, is answered with the version of the entry and with the sum, its one write. */
  | { readonly kind: 'counted'; readonly sum: Uint8Array };

type Transacted = Extract<JudgedAnswer, { kind: 'transacted' }>;

/** `wrote`, by the number of operations: the same object for every entry. */
const wroteAnswers: RecordedAnswer[] = [];

export function wroteAnswer(operations: number): RecordedAnswer {
  wroteAnswers[operations] ??= { kind: 'wrote', operations };
  return wroteAnswers[operations];
}

/** @param written the value of the first write of the entry that records the answer */
export function recordedForm(answer: Transacted, written: Uint8Array | undefined): RecordedAnswer {
  const { version, held, results } = answer;
  if (!held || results.length === 0 || version === 0) return answer;
  for (const result of results) {
    if (result.version !== version || hasMore(result)) return answer;
    if (result.value !== undefined && (result.value !== written || results.length > 1)) return answer;
  }
  const { value } = results[0]!;
  return value === undefined ? wroteAnswer(results.length) : { kind: 'counted', sum: value };
}

/** Whether the result has more than a version and a value. */
function hasMore({ previousVersion, valueBytes, existed, expiresAtMs }: KeyResult): boolean {
  return previousVersion !== undefined || valueBytes !== undefined || existed !== undefined || expiresAtMs !== undefined;
}

/** The answer as it was first given. @param seq of the entry that records it. */
export function judgedForm(answer: RecordedAnswer, seq: Seq): JudgedAnswer {
  if (answer.kind === 'counted')
    return { kind: 'transacted', version: seq, held: true, results: [{ version: seq, value: answer.sum }] };
  if (answer.kind !== 'wrote') return answer;
  const results = Array.from({ length: answer.operations }, () => ({ version: seq }));
  return { kind: 'transacted', version: seq, held: true, results };
}

/** The answer with other versions: entries that were not applied have got new seqs (R13). */
export function withVersions(answer: RecordedAnswer, versionOf: (version: Seq) => Seq): RecordedAnswer {
  if (answer.kind === 'refused') return { ...answer, currentVersion: versionOf(answer.currentVersion) };
  // The others name no version but that of their entry.
  if (answer.kind !== 'transacted') return answer;
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
  if (answer.kind === 'counted') return answerOverheadBytes + answer.sum.length;
  let bytes = answerOverheadBytes;
  if (answer.kind === 'transacted') for (const { value } of answer.results) bytes += resultOverheadBytes + (value?.length ?? 0);
  return bytes;
}
