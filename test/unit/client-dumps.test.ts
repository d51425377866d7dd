/** Dumps of a shard, as the client receives them. */
import { describe, expect, test, vi } from 'vitest';
import { KvError } from '../../src/errors.js';
import type { ReplyStream } from '../../src/transport/index.js';
import { type DumpPart, encodeBegin, encodeEnd } from '../../src/wire/dump/dump-parts.js';
import { DumpRecordsWriter } from '../../src/wire/dump/dump-records.js';
import { cluster, connect, failure, useFakeCluster } from './client-testing/harness.js';

useFakeCluster();

const position = { history: 'h', seq: 7 };
const longMs = 60_000;

const begin = (nodeId: string): Buffer => encodeBegin({ position, epoch: 1, keys: 1, dataBytes: 2, nodeId });
const end = (): Buffer => encodeEnd({ position, timeMs: 9 });

function records(key: string, valueBytes = 1): Buffer {
  const writer = new DumpRecordsWriter();
  writer.addWrite(key, Buffer.alloc(valueBytes), 5, undefined);
  return writer.take();
}

function serveWhole(nodeId: string, reply: ReplyStream): void {
  for (const message of [begin(nodeId), records('k'), end()]) void reply.send(message);
  reply.end();
}

/** The parts in words: each beginning with the node that sent it, and each key. */
function wordsOf(part: DumpPart): string[] {
  if (part.type === 'begin') return [`begin at ${part.nodeId}`];
  return part.type === 'end' ? [`end at ${part.position.seq}`] : [...part.records].map(({ key }) => key);
}

async function read(parts: AsyncIterable<DumpPart>): Promise<string[]> {
  const words: string[] = [];
  for await (const part of parts) words.push(...wordsOf(part));
  return words;
}

describe.each(['tcp', 'grpc'] as const)('a dump over %s', (transport) => {
  test('comes from the primary, part by part', async () => {
    const requests: object[] = [];
    cluster.dump = (node, request, reply) => {
      requests.push(request);
      serveWhole(node.id, reply);
    };
    cluster.setPrimary(cluster.nodes[1]);
    const client = await connect({ transport });
    expect(await read(client.dumpShard(0, { maxBytesPerSecond: 9 }))).toEqual(['begin at node-2', 'k', 'end at 7']);
    expect(requests).toEqual([{ shard: 0, maxBytesPerSecond: 9 }]);
  });

  test('begins again at the next primary when the first one is replaced', async () => {
    const client = await connect({ transport });
    cluster.dump = (node, _, reply) => {
      if (node.id === 'node-2') return serveWhole(node.id, reply);
      void reply.send(begin(node.id));
      cluster.setPrimary(cluster.nodes[1]);
      reply.fail(new KvError('NOT_PRIMARY', 'it was replaced'));
    };
    expect(await read(client.dumpShard(0))).toEqual(['begin at node-1', 'begin at node-2', 'k', 'end at 7']);
  });

  test('does not wait for a silent primary that was replaced', async () => {
    const client = await connect({ transport });
    cluster.dump = (node, _, reply) => (node.id === 'node-2' ? serveWhole(node.id, reply) : void reply.send(begin(node.id)));
    const parts = client.dumpShard(0, { deadlineMs: longMs });
    expect(wordsOf((await parts.next()).value!)).toEqual(['begin at node-1']);
    cluster.setPrimary(cluster.nodes[1]);
    expect(await read(parts)).toEqual(['begin at node-2', 'k', 'end at 7']);
  });

  test('that breaks off again and again fails', async () => {
    const client = await connect({ transport });
    let dumps = 0;
    cluster.dump = (node, _, reply) => {
      dumps += 1;
      void reply.send(begin(node.id));
      reply.fail(new KvError('OVERLOADED', 'too slow'));
    };
    expect(await failure(read(client.dumpShard(0)))).toMatchObject({ code: 'OVERLOADED' });
    expect(dumps).toBe(8);
  });

  test('without an end fails', async () => {
    const client = await connect({ transport });
    cluster.dump = (node, _, reply) => {
      void reply.send(begin(node.id));
      reply.end();
    };
    expect(await failure(read(client.dumpShard(0)))).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });

  test('of a shard that is refused for good fails at once', async () => {
    const client = await connect({ transport });
    cluster.dump = (_node, { shard }, reply) => reply.fail(new KvError('INVALID_ARGUMENT', `there is no shard ${shard}`));
    expect(await failure(read(client.dumpShard(3)))).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('is given up when its caller reads no more, or cancels it', async () => {
    const client = await connect({ transport });
    const replies: ReplyStream[] = [];
    cluster.dump = (node, _, reply) => {
      replies.push(reply);
      void reply.send(begin(node.id));
    };
    for await (const _ of client.dumpShard(0)) break;
    await vi.waitUntil(() => replies[0]!.isGone);
    const given = new AbortController();
    const parts = client.dumpShard(0, { signal: given.signal });
    await parts.next();
    const next = failure(parts.next());
    given.abort();
    expect(await next).toMatchObject({ code: 'CANCELLED' });
    await vi.waitUntil(() => replies[1]!.isGone);
  });

  test('waits for a slow reader', async () => {
    const client = await connect({ transport });
    const messageBytes = 1024 * 1024;
    const messages = 60;
    let sent = 0;
    cluster.dump = async (node, _, reply) => {
      await reply.send(begin(node.id));
      for (; sent < messages; sent++) await reply.send(records(`k${sent}`, messageBytes));
      await reply.send(end());
      reply.end();
    };
    const parts = client.dumpShard(0, { deadlineMs: longMs });
    await parts.next();
    let before = -1;
    while (before !== sent) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(sent).toBeLessThan(messages);
    expect(await read(parts)).toHaveLength(messages + 1);
  });
});

test('a dump of a silent cluster fails at the deadline', async () => {
  const client = await connect();
  cluster.dump = () => {};
  expect(await failure(read(client.dumpShard(0, { deadlineMs: 200 })))).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
});
