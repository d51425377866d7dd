import pg from 'pg';
import { expect, test } from 'vitest';
import { DatabaseError } from '../database/state-database.js';
import { explained, NoAnswerError } from './postgres-errors.js';

function refusedWith(code: string, message: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(message, 0, 'error'), { code, severity: 'ERROR' });
}

test.each([
  ['53100', 'could not extend file "base/5/16401": No space left on device', /\(53100\)\. Its disk is full: make room$/],
  ['53200', 'out of memory', /\(53200\)\. It is out of memory$/],
  ['57P03', 'the database system is starting up', /\(57P03\)\. It is stopping, starting or recovering/],
  ['58030', 'could not read file', /\(58030\)\. Its disk or operating system failed/],
  ['XX001', 'invalid page in block 3', /\(XX001\)\. It found its data damaged/],
  ['42601', 'syntax error', /syntax error \(42601\)$/],
])('%s is explained', (code, message, expected) => {
  const error = explained(refusedWith(code, message), 'db:5432/kv');
  expect(error.message).toMatch(expected);
  expect(error.message).toMatch(/^PostgreSQL at db:5432\/kv: /);
  expect(error.isLost).toBe(false);
});

test('an error of several addresses has the message of the first one', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:5432'), { code: 'ECONNREFUSED' });
  const all = Object.assign(new AggregateError([refused, refused]), { code: 'ECONNREFUSED' });
  expect(explained(all, 'db:5432/kv').message).toBe(
    'PostgreSQL at db:5432/kv: connect ECONNREFUSED ::1:5432. Nothing listens there: start PostgreSQL, or correct --postgres',
  );
});

test('what is explained already stays as it is', () => {
  const error = new DatabaseError('lost', { isLost: true });
  expect(explained(error, 'db:5432/kv')).toBe(error);
});

test('a call without an answer names what to look at', () => {
  expect(explained(new NoAnswerError('no answer within 10 ms'), 'db:5432/kv').message).toMatch(
    /no answer within 10 ms\. .*try psql/,
  );
});
