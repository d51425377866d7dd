/** Scans of all shards, as the client merges and continues them. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { KvError } from '../../src/errors.js';
import { KvClient as Client, type KvClient } from '../../src/index.js';
import type { ReplyStream } from '../../src/transport/index.js';
import type { ScanRequest } from '../../src/wire/scan/scan-messages.js';
import { FakeCluster, type FakeNode } from './client-testing/fake-cluster.js';
import { end, pageOf } from './client-testing/fake-scans.js';

const shards = 3;
const longMs = 60_000;
let cluster: FakeCluster;
let clients: KvClient[];

beforeEach(async () => {
  cluster = await FakeCluster.start(3, shards);
  clients = [];
});
afterEach(async () => {
  for (const client of clients) await client.close();
  await cluster.stop();
});

async function connect(transport: 'tcp' | 'grpc' = 'tcp'): Promise<KvClient> {
  const client = await Client.connect({ nodes: cluster.addresses, transport });
  clients.push(client);
  return client;
}

const compare = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
/** By shard, in order. Units of UTF-16 would have another order. */
const keys = [
  ['a', 'd', 'g', '\uffee'],
  ['b', 'c', '\u{1f511}'],
  ['e', 'f', 'h', 'i', 'j', 'k'],
];
const all = keys.flat().sort(compare);

/** Serves a shard by pages of two keys, as a node does. */
function serve({ shard, after, reverse, limit }: ScanRequest, reply: ReplyStream, mostPages = Number.POSITIVE_INFINITY): void {
  const ordered = reverse ? keys[shard]!.toReversed() : keys[shard]!;
  const left = ordered.slice(ordered.indexOf(after) + 1);
  const shown = limit === 0 ? left : left.slice(0, limit);
  if (shown.length === 0) void reply.send(pageOf([], end));
  for (let first = 0, pages = 0; first < shown.length && pages < mostPages; first += 2, pages++) {
    const isLast = first + 2 >= shown.length;
    void reply.send(pageOf(shown.slice(first, first + 2), { isLast, isExhausted: isLast && shown.length === left.length }));
  }
  if (mostPages === Number.POSITIVE_INFINITY) reply.end();
}

async function read(keysOf: AsyncIterable<{ readonly key: string }>): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of keysOf) found.push(key);
  return found;
}

describe.each(['tcp', 'grpc'] as const)('a scan over %s', (transport) => {
  test('merges the shards in the order of the bytes', async () => {
    cluster.scan = (_, request, reply) => serve(request, reply);
    const client = await connect(transport);
    expect(await read(client.scan())).toEqual(all);
    expect(await read(client.scan({ reverse: true }))).toEqual(all.toReversed());
    for (const limit of [1, 5, all.length, 100]) expect(await read(client.scan({ limit }))).toEqual(all.slice(0, limit));
  });

  test('passes its range on to every shard', async () => {
    const requests: ScanRequest[] = [];
    cluster.scan = (_, request, reply) => {
      requests.push(request);
      serve(request, reply);
    };
    const client = await connect(transport);
    await read(client.scan({ from: 'b', to: 'x', keysOnly: true, pageSize: 7 }));
    expect(requests).toHaveLength(shards);
    for (const request of requests)
      expect(request).toMatchObject({ from: 'b', to: 'x', prefix: '', after: '', keysOnly: true, maxPageKeys: 7, limit: 0 });
  });

  test('goes on behind the last key when a stream breaks off', async () => {
    const asked: string[] = [];
    cluster.scan = (_, request, reply) => {
      asked.push(request.after);
      serve(request, reply, 1);
      reply.fail(new KvError('STOPPING', 'the node stops'));
    };
    expect(await read((await connect(transport)).scan())).toEqual(all);
    expect(asked).toEqual(expect.arrayContaining(['', 'd', 'c', 'f', 'i']));
  });

  test('goes on at the next primary', async () => {
    let moved = false;
    cluster.scan = (node: FakeNode, request, reply) => {
      if (request.shard !== 2 || node !== cluster.nodes[2]) return serve(request, reply);
      serve(request, reply, 1);
      if (!moved) cluster.setPrimary(cluster.nodes[0], false, 2);
      moved = true;
      reply.fail(new KvError('NOT_PRIMARY', 'it was replaced', { primaryAddress: cluster.nodes[0]!.address }));
    };
    expect(await read((await connect(transport)).scan())).toEqual(all);
  });

  test('does not wait for a silent primary that was replaced', async () => {
    cluster.scan = (node, request, reply) => {
      if (request.shard === 2 && node === cluster.nodes[2]) serve(request, reply, 1);
      else serve(request, reply);
    };
    const client = await connect(transport);
    const scan = client.scan({ deadlineMs: longMs });
    const first = await scan.next();
    cluster.setPrimary(cluster.nodes[0], false, 2);
    expect([first.value!.key, ...(await read(scan))]).toEqual(all);
  });

  test('that is left early closes its streams', async () => {
    const replies: ReplyStream[] = [];
    cluster.scan = (_, request, reply) => {
      replies.push(reply);
      serve(request, reply, 1);
    };
    const client = await connect(transport);
    for await (const { key } of client.scan()) {
      expect(key).toBe('a');
      break;
    }
    await vi.waitUntil(() => replies.length === shards && replies.every((reply) => reply.isGone));
  });
});

test('a scan of keys only has no values', async () => {
  cluster.scan = (_, request, reply) => serve(request, reply);
  const first = await (await connect()).scan({ keysOnly: true, limit: 1 }).next();
  expect(first.value).toEqual({ key: 'a', version: 1, expiresInMs: undefined });
});

test('calls of next that overlap are answered in their order', async () => {
  cluster.scan = (_, request, reply) => serve(request, reply);
  const scan = (await connect()).scan();
  const results = await Promise.all(Array.from({ length: all.length + 2 }, () => scan.next()));
  expect(results.map(({ done, value }) => (done ? undefined : value.key))).toEqual([...all, undefined, undefined]);
});

test('a scan that is left while a page is awaited ends at once, and opens no stream any more', async () => {
  const replies: ReplyStream[] = [];
  cluster.scan = (_, request, reply) => {
    replies.push(reply);
    if (request.shard !== 1) serve(request, reply, 1);
  };
  const client = await connect();
  const scan = client.scan({ deadlineMs: longMs });
  const first = scan.next();
  await vi.waitUntil(() => replies.length === shards);
  await scan.return!();
  expect(await first).toEqual({ done: true, value: undefined });
  await vi.waitUntil(() => replies.every((reply) => reply.isGone));
  expect(await scan.next()).toEqual({ done: true, value: undefined });
  expect(replies).toHaveLength(shards);
});

test('the failure of one shard closes the streams that the others open later', async () => {
  const late: { request: ScanRequest; reply: ReplyStream }[] = [];
  cluster.scan = (_, request, reply) => {
    if (request.shard === 1 && late.length === shards - 1) reply.fail(new KvError('NO_ORDER', 'there is no order'));
    else if (request.shard === 1) reply.fail(new KvError('STOPPING', 'the node stops'));
    else late.push({ request, reply });
  };
  await expect(read((await connect()).scan({ deadlineMs: longMs }))).rejects.toMatchObject({ code: 'NO_ORDER' });
  for (const { request, reply } of late) serve(request, reply, 1);
  await vi.waitUntil(() => late.every(({ reply }) => reply.isGone));
});

describe('the removal of a prefix', () => {
  const unknown = new KvError('OUTCOME_UNKNOWN', 'no answer came');
  const definite = new KvError('VALUE_TOO_LARGE', 'it was refused', { executed: 'no' });

  test('that fails with a step of an unknown outcome is unknown, whichever step fails first', async () => {
    cluster.scan = (_, request, reply) => serve(request, reply);
    const client = await connect();
    let steps = 0;
    let refused!: () => void;
    const afterRefusal = new Promise<void>((resolve) => {
      refused = resolve;
    });
    vi.spyOn(client, 'transact').mockImplementation(async () => {
      steps += 1;
      if (steps === shards) {
        setImmediate(refused);
        throw definite;
      }
      await afterRefusal;
      throw unknown;
    });
    await expect(client.deletePrefix('a')).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE', executed: 'unknown' });
  });

  test('that removes nothing, and fails for a definite reason, has changed nothing', async () => {
    cluster.scan = (_, request, reply) => serve(request, reply);
    const client = await connect();
    vi.spyOn(client, 'transact').mockRejectedValue(definite);
    await expect(client.deletePrefix('a')).rejects.toMatchObject({ code: 'VALUE_TOO_LARGE', executed: 'no' });
  });
});

test('a scan of a silent shard fails at the deadline, and closes the streams of the others', async () => {
  const replies: ReplyStream[] = [];
  cluster.scan = (_, request, reply) => {
    replies.push(reply);
    if (request.shard !== 1) serve(request, reply, 1);
  };
  const client = await connect();
  await expect(read(client.scan({ deadlineMs: 300 }))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await vi.waitUntil(() => replies.every((reply) => reply.isGone));
});

test('a scan that is refused for good fails at once', async () => {
  cluster.scan = (_, _request, reply) => reply.fail(new KvError('NO_ORDER', 'there is no order'));
  await expect(read((await connect()).scan({ deadlineMs: longMs }))).rejects.toMatchObject({ code: 'NO_ORDER' });
});

test.each([-1, 1.5, Number.NaN, shards])('a scan of the shard %d, which does not exist, is refused', async (shard) => {
  const client = await connect();
  await expect(client.scanShard(shard).next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', executed: 'no' });
});

test.each([
  ['a prefix and a range', { prefix: 'a', from: 'b' }],
  ['a limit that is no number', { limit: 0 }],
  ['pages that are too large', { pageSize: 10_001 }],
  ['a lone surrogate', { prefix: '\ud800' }],
])('a scan with %s is refused', async (_, options) => {
  const client = await connect();
  expect(() => client.scan(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
