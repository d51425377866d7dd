import { expect, test } from 'vitest';
import { maxTtlMs } from '../../limits.js';
import { putRequest } from '../data-requests.js';
import { op } from './key-operations.js';

const writes = {
  put: (expiry: object) => putRequest('k', 'v', expiry),
  'op.put': (expiry: object) => op.put('k', 'v', expiry),
  'op.increment': (expiry: object) => op.increment('k', expiry),
  'op.append': (expiry: object) => op.append('k', 'v', expiry),
  'op.setRange': (expiry: object) => op.setRange('k', 0, 'v', expiry),
  'op.getAndSet': (expiry: object) => op.getAndSet('k', 'v', expiry),
};

test.each(Object.entries(writes))('%s - takes a TTL, or keeps one, and not both', (_, write) => {
  expect(JSON.stringify(write({ ttlMs: maxTtlMs }))).toContain(`"ttlMs":${maxTtlMs}`);
  expect(JSON.stringify(write({ keepTtl: true }))).toContain('"keepTtl":true');
  expect(JSON.stringify(write({ ttlMs: 1, keepTtl: false }))).toContain('"ttlMs":1');
  expect(JSON.stringify(write({ keepTtl: false }))).not.toContain('true');
  expect(() => write({ ttlMs: 1, keepTtl: true })).toThrow('keepTtl contradicts ttlMs');
  for (const ttlMs of [0, -1, 0.5, maxTtlMs + 1, Number.NaN])
    expect(() => write({ ttlMs })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', executed: 'no' }));
});

test('op.touch - refuses a TTL that can never be right', () => {
  for (const ttlMs of [0, maxTtlMs + 1, Number.NaN])
    expect(() => op.touch('k', ttlMs)).toThrow('ttlMs must be a whole number from 1');
});
