/** Compares docs/rest.md with the code: every status with its error codes, and the field executed. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type ErrorCode, errorTraits, KvError } from '../../errors.js';
import { describeProblem, httpCodes } from './problem.js';

/** Codes of clients, of a start, of an operator's command, of rpcs that HTTP does not have, or of a connection that is gone. */
const neverByHttp: readonly ErrorCode[] = [
  ...(['NOT_FORCED', 'NOT_UPGRADED', 'CANCELLED', 'CLOSED', 'INVALID_OPTION'] as const),
  ...(['COORDINATION_UNAVAILABLE', 'CONFIG_MISMATCH', 'UNSUPPORTED_FORMAT', 'ADDRESS_UNAVAILABLE', 'DATA_UNAVAILABLE'] as const),
];

interface Row {
  readonly statuses: readonly number[];
  readonly description: string;
  readonly codes: readonly string[];
  readonly executed: string;
}

const text = readFileSync(new URL('../../../docs/rest.md', import.meta.url), 'utf8');
const rows: readonly Row[] = [...text.matchAll(/^\| (\d{3}(?:, \d{3})*) \| (.*) \| \**(no|unknown)\b.* \|$/gm)].map(
  ([, statuses, description, executed]) => ({
    statuses: statuses!.split(', ').map(Number),
    description: description!,
    executed: executed!,
    codes: [...description!.matchAll(/`([A-Z_]{4,})`/g)].map(([, code]) => code!),
  }),
);

it('has a row for each status, with its error codes', () => {
  const statuses = rows.flatMap((row) => row.statuses);
  expect([...new Set(statuses)]).toEqual(statuses);
  const wanted = new Map<number, Set<string>>();
  const want = (status: number, code: string) => wanted.set(status, (wanted.get(status) ?? new Set()).add(code));
  for (const code of Object.keys(errorTraits) as ErrorCode[])
    if (!neverByHttp.includes(code)) want(describeProblem(new KvError(code, 'x')).body.status, code);
  for (const [code, each] of Object.entries(httpCodes)) for (const status of each) want(status, code);
  expect(statuses.sort()).toEqual([...wanted.keys()].sort());
  for (const row of rows) {
    const all = new Set(row.statuses.flatMap((status) => [...wanted.get(status)!]));
    if (row.description.startsWith('every retryable code'))
      for (const code of all) expect([code, errorTraits[code as ErrorCode].retryable]).toEqual([code, true]);
    else expect(new Set(row.codes), row.description).toEqual(all);
    for (const code of row.codes) expect([...all]).toContain(code);
  }
});

it('has the same value of executed as the code', () => {
  for (const { codes, executed } of rows)
    for (const code of codes)
      expect([code, executed]).toEqual([code, code in errorTraits ? errorTraits[code as ErrorCode].executed : 'no']);
});

it('503 promises that nothing was executed, and has Retry-After', () => {
  for (const code of Object.keys(errorTraits) as ErrorCode[]) {
    const { body, headers } = describeProblem(new KvError(code, 'x'));
    if (neverByHttp.includes(code)) continue;
    expect([code, body.status === 503]).toEqual([code, errorTraits[code].retryable]);
    expect([code, 'retry-after' in headers]).toEqual([code, errorTraits[code].retryable]);
    if (body.status === 503) expect(body.executed).toBe('no');
  }
});
