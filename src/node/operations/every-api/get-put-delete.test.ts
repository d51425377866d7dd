/** The same cases through every API: the same answer, code, text and counters, since all share one path. */
import { describe, expect, test } from 'vitest';
import { KvError } from '../../../errors.js';
import type { OperationSpan, TraceHeaders, Tracing } from '../../../tracing/index.js';
import { localShardOf } from '../../shards/served-shard.fixture.js';
import { expectAnswers, keyRequests, leaseMs, refusal, refusesAll, requests, testCluster } from './test-cluster.fixture.js';
import { maxValueBytes, testedApis } from './test-node.fixture.js';

const { get, put, remove } = keyRequests;
const cluster = testCluster();

const traceParent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const internal = { code: 'INTERNAL', message: 'internal error; the log of the node has the details', executed: 'unknown' };

describe.each([...testedApis, 'frames'] as const)('an operation by %s', (api) => {
  test('is served by the primary', async () => {
    await expectAnswers(api, cluster.nodeOf('a'), [
      [get, { found: false, value: '', version: 0 }],
      [remove, { existed: false, version: 0 }],
      [put, { version: 1 }],
      [get, { found: true, value: 'value', version: 1 }],
      [{ ...put, value: Buffer.alloc(0) }, { version: 2 }],
      [get, { found: true, value: '', version: 2 }],
      [remove, { existed: true, version: 3 }],
      [get, { found: false, value: '', version: 0 }],
    ]);
  });

  test('whose key is invalid is refused', async () => {
    const wrong: [Buffer, string][] = [
      [Buffer.alloc(0), 'the key is empty; a key has 1 to 1,024 bytes'],
      [Buffer.alloc(1_025, 'k'), 'the key has 1025 bytes; at most 1024 are allowed'],
      [Buffer.from([0xc3, 0x28]), 'the key is not valid UTF-8'],
    ];
    const node = cluster.nodeOf('a');
    for (const [bytes, message] of wrong) {
      const expected = refusal('INVALID_KEY', message);
      await expectAnswers(
        api,
        node,
        requests.map((request) => [{ ...request, key: bytes }, expected]),
      );
    }
  });

  test('whose value is too large is refused, whether or not this node holds the shard', async () => {
    const tooLarge = { ...put, value: Buffer.alloc(maxValueBytes + 1) };
    const expected = refusal(
      'VALUE_TOO_LARGE',
      `the value has ${maxValueBytes + 1} bytes; this node takes at most ${maxValueBytes}`,
    );
    await expectAnswers(api, cluster.nodeOf('a'), [[tooLarge, expected]]);
    await expectAnswers(api, cluster.nodeOf('b', { primaryElsewhere: () => 'a:1' }), [[tooLarge, expected]]);
    await expectAnswers(api, cluster.nodeOf('b', { local: () => undefined }), [[tooLarge, expected]]);
    await expectAnswers(api, cluster.nodeOf('a'), [[{ ...put, value: Buffer.alloc(maxValueBytes) }, { version: 1 }]]);
  });

  test('is executed only if its condition holds', async () => {
    const at = (currentVersion: number) =>
      refusal('VERSION_MISMATCH', `the key is at version ${currentVersion}`, { currentVersion });
    await expectAnswers(api, cluster.nodeOf('a'), [
      [{ ...put, ifVersion: 7 }, at(0)],
      [{ ...put, ifVersion: 0 }, { version: 1 }],
      [{ ...put, ifVersion: 0 }, at(1)],
      [{ ...put, ifVersion: 1 }, { version: 2 }],
      [{ ...remove, ifVersion: 1 }, at(2)],
      [{ ...remove, ifVersion: 0 }, refusal('INVALID_ARGUMENT', 'if_version 0 means "only if absent", which no deletion can be')],
      [
        { ...remove, ifVersion: 2 },
        { existed: true, version: 3 },
      ],
    ]);
  });
});

describe.each(testedApis)('an operation by %s', (api) => {
  test('is refused while no primary is known, by a node with and without a copy', async () => {
    const expected = refusal('NO_PRIMARY', 'no primary is known at present; nothing was sent to one');
    await refusesAll(api, cluster.nodeOf('b'), expected);
    await refusesAll(api, cluster.nodeOf('b', { local: () => undefined }), expected);
  });

  test('is refused while its shard is offline', async () => {
    const message =
      'the shard is offline: no in-sync replica of it is live, or ZooKeeper has lost its state; "kvctl status" shows which';
    await refusesAll(api, cluster.nodeOf('b', { awaited: () => [] }), refusal('SHARD_OFFLINE', message));
  });

  test('is refused by a primary whose lease has lapsed, if it reads', async () => {
    const node = cluster.nodeOf('a');
    await node.send(api, put);
    cluster.c.elapse(leaseMs + 1);
    const message = 'a backup has not answered for a lease; the primary may have been replaced';
    await expectAnswers(api, node, [[get, refusal('LEASE_LAPSED', message)]]);
  });

  test('is refused by the primary where the memory is full, if it writes', async () => {
    const local = localShardOf(cluster.c.node('a'));
    local.write = (_, operation) => operation.failed(new KvError('MEMORY_FULL', 'no room'));
    await expectAnswers(api, cluster.nodeOf('a', { local: () => local }), [
      [put, refusal('MEMORY_FULL', 'no room')],
      [get, { found: false, value: '', version: 0 }],
    ]);
  });

  test('is refused by a node that has stopped, or that refuses everything', async () => {
    const node = cluster.nodeOf('a');
    node.executor.refuseAll(new KvError('NO_PRIMARY', 'another cluster'));
    await refusesAll(api, node, refusal('NO_PRIMARY', 'another cluster'));
    node.executor.refuseAll(undefined);
    await expectAnswers(api, node, [[put, { version: 1 }]]);
    node.executor.close();
    node.executor.refuseAll(undefined);
    await refusesAll(api, node, refusal('STOPPING', 'this node has stopped taking requests'));
  });

  test('that fails unexpectedly is a fault of the node: the answer gives no details, and the log has one line', async () => {
    const local = localShardOf(cluster.c.node('a'));
    local.stored = () => {
      throw new Error('a secret');
    };
    const node = cluster.nodeOf('a', { local: () => local });
    await expectAnswers(api, node, [[get, internal]]);
    local.stored = () => Promise.reject(new Error('a secret'));
    await expectAnswers(api, node, [[get, internal]]);
    local.write = () => {
      throw new Error('a secret');
    };
    await expectAnswers(api, node, [[put, internal]]);
    expect(node.logged).toEqual(Array(3).fill('an operation failed unexpectedly'));
    expect([node.pendingOnPipelines, node.pending.count]).toEqual([0, 0]);
  });

  test('has a span that ends with its outcome', async () => {
    const spans: string[] = [];
    const tracing = {
      startOfNode: (kind: string, headers: TraceHeaders | undefined): Partial<OperationSpan> => ({
        succeeded: () => spans.push(`${kind} of ${headers?.parent}: OK`),
        failed: (code) => spans.push(`${kind} of ${headers?.parent}: ${code}`),
      }),
    } as unknown as Tracing;
    const node = cluster.nodeOf('a', {}, tracing);
    for (const request of requests) await node.send(api, { ...request, traceParent });
    await node.send(api, { ...get, key: Buffer.alloc(0), traceParent });
    await node.send(api, { ...put, value: Buffer.alloc(maxValueBytes + 1), traceParent });
    const outcomes = ['get OK', 'put OK', 'delete OK', 'get INVALID_KEY', 'put VALUE_TOO_LARGE'];
    expect(spans).toEqual(outcomes.map((text) => text.replace(' ', ` of ${traceParent}: `)));
  });
});
