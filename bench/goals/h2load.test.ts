import { expect, test } from 'vitest';
import { readReport } from './h2load.js';

const report = `
finished in 3.00s, 10464.33 req/s, 1.95MB/s
requests: 31393 total, 31393 started, 31393 done, 31393 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 31393 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 5.84MB (6121635) total, 245.26KB (251144) headers (space savings 96.19%), 4.19MB (4394880) data
`;

test('a report of h2load - has the rate, and the bytes of an answer', () => {
  expect(readReport(report)).toEqual({ requestsPerSecond: 10_464.33, succeeded: 31_393, bytesPerAnswer: 4_394_880 / 31_393 });
});

test('a report of h2load - is refused if requests failed', () => {
  expect(() => readReport(report.replace('31393 succeeded, 0 failed', '31000 succeeded, 393 failed'))).toThrow(
    '393 requests failed',
  );
});

test('a report of h2load - is refused if it has another format', () => {
  expect(() => readReport('finished')).toThrow('printed nothing like');
});
