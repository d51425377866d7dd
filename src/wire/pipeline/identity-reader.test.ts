import { expect, it } from 'vitest';
import { KnownTexts } from '../protobuf/known-texts.js';
import { IdentityReader } from './identity-reader.js';
import { OperationReader, OperationWriter, type RequestIdentity } from './pipeline-operations.js';

const put = (key: string) => ({ kind: 'put', key, value: Buffer.from('v'), ifVersion: undefined }) as const;

/** Each message holds one put; undefined: without an identity. */
function messagesOf(identities: readonly (RequestIdentity | undefined)[]): Buffer[] {
  const writer = new OperationWriter();
  return identities.map((identity, id) => {
    writer.add(id, put(`key-${id}`), identity);
    return writer.take();
  });
}

it('a reader for all messages of a stream gives each operation its own identity, or none', () => {
  const first = { client: 'one', number: 5, lowest: 3, history: 'h', seq: 7, isFirstAttempt: true };
  const identities = [
    first,
    undefined,
    { ...first, number: 6 },
    { ...first, client: 'other', number: 1, lowest: 1, seq: 8, isFirstAttempt: false },
    undefined,
    { ...first, number: 7, history: 'g', seq: 8 },
  ];
  const texts = new KnownTexts();
  const identity = new IdentityReader(texts);
  const read = messagesOf(identities).map((message) => {
    const operations = new OperationReader(message, texts, identity);
    expect(operations.next()).toBe(true);
    const { request } = operations;
    expect(operations.next()).toBe(false);
    return request;
  });
  expect(read).toEqual(identities);
});
