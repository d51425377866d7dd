import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { type ErrorCode, errorTraits, KvError } from '../../errors.js';
import { fromStatus, toStatus } from './grpc-status.js';
import { protoFolder } from './proto-files.js';

const codes = Object.keys(errorTraits) as ErrorCode[];

function received(error: unknown): KvError {
  return fromStatus(Object.assign(new Error(), { name: 'x', ...toStatus(error) }) as unknown as ServiceError);
}

describe('errors over gRPC', () => {
  test.each(codes)('%s arrives with its code and its value of executed', (code) => {
    const details = { primaryAddress: 'h:1', currentVersion: 7, position: { history: 'h', seq: 2 ** 40 } };
    const error = received(new KvError(code, 'why', details));
    expect(error).toMatchObject({ code, message: 'why', ...details, ...errorTraits[code] });
  });

  test('an unexpected error leaves as a bland message', () => {
    const sent = toStatus(new Error('secret of the house'));
    expect(sent.code).toBe(status.INTERNAL);
    expect(sent.details).not.toContain('secret');
  });

  test.each([
    status.UNAVAILABLE,
    status.CANCELLED,
    status.INTERNAL,
    status.UNKNOWN,
    status.DEADLINE_EXCEEDED,
    status.RESOURCE_EXHAUSTED,
  ])('status %s without our code leaves the outcome of a write unknown', (code) => {
    const error = Object.assign(new Error('gone'), {
      code,
      details: 'gone',
      metadata: new Metadata(),
    }) as unknown as ServiceError;
    expect(fromStatus(error).executed).toBe('unknown');
  });
});

describe('docs/errors.md', () => {
  const rows = readFileSync(join(dirname(protoFolder), 'docs/errors.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));

  test('has one row for every code', () => {
    expect(rows.map((row) => row[1]).sort()).toEqual([...codes].sort());
  });

  test.each(rows)(
    '%s%s: status, verdict and retryability are those of the code',
    (_empty, code, statusName, executed, retryable) => {
      const sent = toStatus(new KvError(code as ErrorCode, 'why'));
      expect(statusName).toBe(status[sent.code]);
      expect({ executed, retryable: retryable === 'yes' }).toEqual(errorTraits[code as ErrorCode]);
    },
  );
});
