import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Scenario } from '../../replication/testing/scenario.fixture.js';
import { OperationWriter } from '../../wire/pipeline/pipeline-operations.js';
import { clockOf } from '../shards/served-shard.fixture.js';
import { FakeStream, get, pipelineServerOf, put } from './pipeline.fixture.js';

/** A field whose length exceeds the message. */
const cutOff = Buffer.from([0x0a, 0x7f, 0x01]);

let c: Scenario;
let stream: FakeStream;

beforeEach(() => {
  c = Scenario.of('a b');
  clockOf(c);
  stream = new FakeStream(pipelineServerOf(c, 'a'));
});

afterEach(() => vi.restoreAllMocks());

function failure() {
  return stream.failure!;
}

test('a message that cannot be decoded ends the stream, and what came before it may have been executed', async () => {
  stream.request(put('k', 'v'));
  stream.sendBytes(cutOff);
  expect(failure()).toMatchObject({ code: 'INVALID_ARGUMENT', executed: 'unknown' });
  c.deliverAll();
  expect(await stream.answers()).toEqual([undefined]);
  expect(c.get('a', 'k')).toMatchObject({ value: 'v' });
});

test('a message that is damaged after some operations ends the stream, and those may have been executed', async () => {
  const writer = new OperationWriter();
  writer.add(0, put('k', 'v'));
  stream.sendBytes(Buffer.concat([writer.take(), cutOff]));
  expect(failure()).toMatchObject({ code: 'INVALID_ARGUMENT', executed: 'unknown' });
  await stream.answers();
  c.deliverAll();
  expect(c.get('a', 'k')).toMatchObject({ value: 'v' });
});

test('results that are there by then are sent, and nothing is executed afterwards', async () => {
  stream.request(get('k'));
  stream.sendBytes(cutOff);
  expect(stream.results).toEqual(['nothing']);
  stream.request(put('k', 'late'));
  c.deliverAll();
  expect(await stream.answers()).toEqual(['nothing', undefined]);
  expect(c.get('a', 'k')).toEqual({ version: 0 });
});

test('an operation of a kind that this node does not know fails alone, definitely not executed', async () => {
  // An id, and a field of a later version.
  stream.sendBytes(Buffer.from([0x0a, 0x04, 0x08, 0x00, 0x78, 0x01]));
  expect(await stream.answers()).toEqual(['INVALID_ARGUMENT']);
  expect(stream.failure).toBeUndefined();
});
