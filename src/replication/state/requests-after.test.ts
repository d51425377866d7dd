import { expect, it } from 'vitest';
import type { RecordedRequest } from '../protocol/request.js';
import { requestsAfter } from './requests-after.js';

function request(number: number, fields: Partial<RecordedRequest> = {}): RecordedRequest {
  return { client: 'c', number, lowest: 1, fingerprint: 0, floor: 0, seq: number, answer: undefined, ...fields };
}

it('adds what was applied since, and forgets what that has forgotten', () => {
  const table = [request(1), request(2), request(3), request(7, { client: 'other', seq: 4 })];
  expect(requestsAfter(table, [])).toEqual(table);
  const after = requestsAfter(table, [request(5, { lowest: 3 }), request(1, { client: 'third', seq: 6 })]);
  expect(after.map(({ client, number }) => `${client} ${number}`).sort()).toEqual(['c 3', 'c 5', 'other 7', 'third 1']);
  const floored = requestsAfter(table, [request(5, { floor: 3 })]);
  expect(floored.map(({ client, number }) => `${client} ${number}`).sort()).toEqual(['c 5', 'other 7']);
});
