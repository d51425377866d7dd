import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Scenario } from '../../replication/testing/scenario.fixture.js';
import { clockOf } from '../shards/served-shard.fixture.js';
import { FakeStream, get, pipelineServerOf, put } from './pipeline.fixture.js';

/** With more unanswered operations than this, the node stops reading the stream. */
const maxUnanswered = 8_192;
/** A stream executes at most this many operations in one turn. */
const sliceOperations = 256;

let c: Scenario;
let stream: FakeStream;

/** A stream at the primary `a` of two, whose messages to the backup are held: no write commits. */
beforeEach(() => {
  c = Scenario.of('a b');
  clockOf(c);
  stream = new FakeStream(pipelineServerOf(c, 'a'));
  c.hold('a', 'b');
});

afterEach(() => vi.restoreAllMocks());

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await stream.answers();
}

describe('a node stops reading a pipeline', () => {
  test('while too many operations are unanswered, and continues once these have results', async () => {
    stream.request(put('k', 'v'), ...Array.from({ length: maxUnanswered - 1 }, () => get('k')));
    await turns(maxUnanswered / sliceOperations + 1);
    expect(stream.isRead).toBe(true);
    stream.request(get('k'));
    expect(stream.isRead).toBe(false);
    c.heal();
    c.deliverAll();
    await turns(1);
    expect(new Set(stream.results)).toEqual(new Set(['put 1', 'v 1']));
    expect(stream.isRead).toBe(true);
  });

  test('while the client reads no results', async () => {
    stream.reads = false;
    stream.request(get('k'));
    await turns(1);
    expect(stream.isRead).toBe(false);
    stream.takeResults();
    expect(stream.isRead).toBe(true);
  });
});

test('a client that ends its side gets the results of what it has sent, and then the end of the stream', async () => {
  stream.request(put('k', 'v'), get('k'));
  stream.halfClose();
  await turns(1);
  expect([stream.results, stream.ended]).toEqual([[undefined, undefined], false]);
  c.heal();
  c.deliverAll();
  expect(await stream.answers()).toEqual(['put 1', 'v 1']);
  expect([stream.ended, stream.failure]).toEqual([true, undefined]);
});
