import { afterEach, describe, expect, test, vi } from 'vitest';
import { Scenario } from '../../replication/testing/scenario.fixture.js';
import { clockOf, directoryOf, localShardOf } from '../shards/served-shard.fixture.js';
import { FakeStream, get, pipelineServerOf, put, remove } from './pipeline.fixture.js';

afterEach(() => vi.restoreAllMocks());

/**
 * A stream at the primary `a` of two, whose messages to the backup are held: writes are appended, and none commits.
 */
function heldBack(): { c: Scenario; stream: FakeStream } {
  const c = Scenario.of('a b');
  clockOf(c);
  const stream = new FakeStream(pipelineServerOf(c, 'a'));
  c.hold('a', 'b');
  return { c, stream };
}

function release(c: Scenario): void {
  c.heal();
  c.deliverAll();
}

describe('operations on one key of one stream take effect in the order in which they arrive', () => {
  test('put, get, put: the get waits for the first, and is not answered with the second', async () => {
    const { c, stream } = heldBack();
    stream.request(put('k', 'a'), get('k'), put('k', 'b'));
    expect(await stream.answers()).toEqual([undefined, undefined, undefined]);
    release(c);
    expect(await stream.answers()).toEqual(['put 1', 'a 1', 'put 2']);
  });

  test('put, get, put of a key that has a value already: the same', async () => {
    const { c, stream } = heldBack();
    release(c);
    stream.request(put('k', 'old'));
    c.deliverAll();
    c.hold('a', 'b');
    stream.request(put('k', 'a'), get('k'), put('k', 'b'));
    expect(await stream.answers()).toEqual(['put 1', undefined, undefined, undefined]);
    release(c);
    expect(await stream.answers()).toEqual(['put 1', 'put 2', 'a 2', 'put 3']);
  });

  test('put, get, delete, get: found, then not', async () => {
    const { c, stream } = heldBack();
    stream.request(put('k', 'a'), get('k'), remove('k'), get('k'));
    release(c);
    expect(await stream.answers()).toEqual(['put 1', 'a 1', 'deleted 2', 'nothing']);
  });

  test('delete, get, put, get: not found, then found', async () => {
    const { c, stream } = heldBack();
    release(c);
    stream.request(put('k', 'old'));
    c.deliverAll();
    c.hold('a', 'b');
    stream.request(remove('k'), get('k'), put('k', 'new'), get('k'));
    release(c);
    expect((await stream.answers()).slice(1)).toEqual(['deleted 2', 'nothing', 'put 3', 'new 3']);
  });

  test('a delete of nothing, get, put: not found', async () => {
    const { c, stream } = heldBack();
    stream.request(remove('k'), get('k'), put('k', 'a'), get('k'));
    release(c);
    expect(await stream.answers()).toEqual(['nothing', 'nothing', 'put 1', 'a 1']);
  });

  test('a refused put between them changes nothing', async () => {
    const { c, stream } = heldBack();
    stream.request(put('k', 'a'), put('k', 'refused', 0), get('k'), put('k', 'b', 1), get('k'));
    release(c);
    expect(await stream.answers()).toEqual(['put 1', 'VERSION_MISMATCH', 'a 1', 'put 2', 'b 2']);
  });

  test('several gets between the writes of several keys, in one message or in many', async () => {
    const requests = ['x', 'y', 'x', 'y'].flatMap((key, round) => [put(key, `${key}${round}`), get('x'), get('y'), get('x')]);
    // A get before any write of its key waits for nothing, and finds nothing.
    const expected = [
      ['put 1', 'x0 1', 'nothing', 'x0 1'],
      ['put 2', 'x0 1', 'y1 2', 'x0 1'],
      ['put 3', 'x2 3', 'y1 2', 'x2 3'],
      ['put 4', 'x2 3', 'y3 4', 'x2 3'],
    ].flat();
    const together = heldBack();
    together.stream.request(...requests);
    release(together.c);
    expect(await together.stream.answers()).toEqual(expected);
    vi.restoreAllMocks();
    const apart = heldBack();
    for (const request of requests) apart.stream.request(request);
    release(apart.c);
    expect(await apart.stream.answers()).toEqual(expected);
  });

  test('a later write that commits with the awaited one, of another stream, is not seen either', async () => {
    const c = Scenario.of('a b');
    clockOf(c);
    const server = pipelineServerOf(c, 'a');
    const [one, other] = [new FakeStream(server), new FakeStream(server)];
    c.hold('a', 'b');
    one.request(put('k', 'a'), get('k'));
    other.request(put('k', 'b'), get('k'));
    release(c);
    expect(await one.answers()).toEqual(['put 1', 'a 1']);
    expect(await other.answers()).toEqual(['put 2', 'b 2']);
  });

  test('a get waits for no write of another key', async () => {
    const { stream } = heldBack();
    stream.request(put('other', 'o'), get('k'));
    expect(await stream.answers()).toEqual([undefined, 'nothing']);
  });

  test('a client that reads no results at first gets the value from before its get, not a later one', async () => {
    const { c, stream } = heldBack();
    stream.reads = false;
    stream.request(get('other'), put('k', 'a'), get('k'), get('k'), put('k', 'b'));
    expect(await stream.answers()).toEqual(['nothing', undefined, undefined, undefined, undefined]);
    release(c);
    const later = new FakeStream(pipelineServerOf(c, 'a'));
    later.request(put('k', 'c'));
    c.deliverAll();
    expect(await later.answers()).toEqual(['put 3']);
    expect(await stream.answers()).toEqual(['nothing', 'put 1', undefined, undefined, 'put 2']);
    stream.takeResults();
    expect(await stream.answers()).toEqual(['nothing', 'put 1', 'a 1', 'a 1', 'put 2']);
  });

  test('the order is the same with a storage that looks up a version asynchronously', async () => {
    const c = Scenario.of('a b');
    clockOf(c);
    const slow = async (key: string) => c.node('a').store.items.get(key);
    const local = localShardOf(c.node('a'), { head: slow });
    const stream = new FakeStream(pipelineServerOf(c, 'a', { ...directoryOf(c, 'a'), local: () => local }));
    stream.request(put('k', 'a', 0), get('k'), put('k', 'b', 1), get('k'), remove('k'), get('k'));
    while ((await stream.answers()).includes(undefined)) c.deliverAll();
    expect(stream.results).toEqual(['put 1', 'a 1', 'put 2', 'b 2', 'deleted 3', 'nothing']);
  });
});

test('the value of a get does not change before it is sent', async () => {
  const { c, stream } = heldBack();
  release(c);
  stream.request(put('k', 'value'));
  c.deliverAll();
  await stream.answers();
  stream.request(get('k'));
  expect(await stream.answers()).toEqual(['put 1', 'value 1']);
});
