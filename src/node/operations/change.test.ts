import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KvError } from '../../errors.js';
import { changeMethods, changes } from '../../wire/contract/change-messages.js';
import { encodeIdentity } from '../../wire/pipeline/identity-writer.js';
import { ChangeDecoder } from './change.js';

const requestIn = (buffer: Buffer) => ({ buffer, valueStart: 0, valueEnd: buffer.length, client: '' });
const identity = { client: 'client-1', number: 7, lowest: 5, history: 'h', seq: 3, isFirstAttempt: true };
const increment = changes.increment.request.encode({ key: Buffer.from('k') });

test('a request that cannot be decoded is refused, whatever its bytes are', () => {
  const decoder = new ChangeDecoder(100);
  fc.assert(
    fc.property(fc.constantFrom(...changeMethods), fc.uint8Array({ maxLength: 60 }), (kind, bytes) => {
      try {
        decoder.decode(kind, requestIn(Buffer.from(bytes)));
      } catch (error) {
        expect(error).toBeInstanceOf(KvError);
        expect(error).toMatchObject({ executed: 'no' });
      }
    }),
  );
});

test('the identity of a request is its own, also after one that could not be decoded', () => {
  const decoder = new ChangeDecoder(100);
  const identified = Buffer.concat([increment, encodeIdentity(identity)]);
  expect(decoder.decode('increment', requestIn(identified)).request).toEqual(identity);
  const cutOff = Buffer.concat([identified, Buffer.of(0x0a, 0x7f)]);
  expect(() => decoder.decode('increment', requestIn(cutOff))).toThrow('a request that cannot be decoded');
  expect(decoder.decode('increment', requestIn(increment)).request).toBeUndefined();
});

test('a request that lies within other bytes is read alone', () => {
  const buffer = Buffer.concat([increment, increment, increment]);
  const found = new ChangeDecoder(100).decode('increment', {
    buffer,
    valueStart: increment.length,
    valueEnd: 2 * increment.length,
    client: '',
  });
  expect([found.keys, found.transaction.operations[0]]).toMatchObject([['k'], { kind: 'increment', key: 'k', by: '1' }]);
});
