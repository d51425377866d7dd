import { expect, test } from 'vitest';
import { identityFromHeaders, positionHeaders } from './idempotency.js';

const position = { history: 'a~1/0', seq: 7 };

test('an Idempotency-Key is a client with one request, with the quotes of structured headers or without', () => {
  const key = '8e03978e-40d5-43dd-bc93-6894a57f9324';
  const expected = { request: { client: key, number: 1, lowest: 1, firstAttempt: false }, position };
  for (const given of [key, `"${key}"`])
    expect(identityFromHeaders({ 'idempotency-key': given, 'kv-position': 'a~1/0:7' })).toEqual(expected);
  expect(identityFromHeaders({ 'kv-position': 'a~1/0:7' })).toEqual({});
});

test.each([
  ['without Kv-Position', { 'idempotency-key': '12345678' }, 'Idempotency-Key needs Kv-Position'],
  ['with another position', { 'idempotency-key': '12345678', 'kv-position': '7' }, 'Kv-Position is history:seq'],
  ['that is too short', { 'idempotency-key': '1234567', 'kv-position': 'h:7' }, '8 to 64 characters'],
  ['with a space', { 'idempotency-key': '1234 5678', 'kv-position': 'h:7' }, '8 to 64 characters'],
])('an Idempotency-Key %s is refused, and the message says what to send', (_, headers, message) => {
  expect(() => identityFromHeaders(headers)).toThrow(message);
});

test('an answer has its position as a header, if the node knows it', () => {
  expect([positionHeaders(position), positionHeaders(null), positionHeaders(undefined)]).toEqual([
    { 'kv-position': 'a~1/0:7' },
    {},
    {},
  ]);
});
