/** Operations at a node that is not the primary: refused on a pipeline, forwarded otherwise. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { KvError } from '../../../errors.js';
import { expectAnswers, key, keyRequests, notPrimary, refusal, refusesAll, testCluster } from './test-cluster.fixture.js';

const { get, put, remove } = keyRequests;
const cluster = testCluster();

describe('an operation at a node that is not primary, while the primary is known', () => {
  const elsewhere = { primaryElsewhere: () => 'a:1' };

  test('by pipeline is refused, and names the primary', async () => {
    const named = { primaryAddress: 'a:1' };
    await refusesAll('pipeline', cluster.nodeOf('b', elsewhere), refusal('NOT_PRIMARY', notPrimary, named));
    const noCopy = cluster.nodeOf('b', { ...elsewhere, local: () => undefined });
    await refusesAll('pipeline', noCopy, refusal('NOT_PRIMARY', 'this node holds no copy of shard 0', named));
  });

  test('by pipeline names the primary that the node knows by then', async () => {
    let primary = 'a:1';
    const node = cluster.nodeOf('b', { primaryElsewhere: () => primary });
    await expectAnswers('pipeline', node, [[get, refusal('NOT_PRIMARY', notPrimary, { primaryAddress: 'a:1' })]]);
    primary = 'c:1';
    await nextTurn();
    await expectAnswers('pipeline', node, [[get, refusal('NOT_PRIMARY', notPrimary, { primaryAddress: 'c:1' })]]);
  });

  test.each(['unary', 'rest'] as const)('by %s is forwarded as it came, and counted with its outcome', async (api) => {
    const node = cluster.nodeOf('b', elsewhere);
    const sent: unknown[] = [];
    const answers = [
      { found: true, value: Buffer.from('value'), version: 3, nodeId: 'a' },
      { version: 4, nodeId: 'a' },
      { version: 4, nodeId: 'a' },
      { found: true, value: Buffer.from('value'), version: 4, expiresInMs: 70, nodeId: 'a' },
      { existed: true, version: 5, nodeId: 'a' },
    ];
    node.forwarder.forward = async (address, { path }, request) => {
      sent.push([address, path, request]);
      return answers[sent.length - 1] as never;
    };
    await expectAnswers(api, node, [
      [get, { found: true, value: 'value', version: 3 }],
      [{ ...put, ifVersion: 3, ttlMs: 70 }, { version: 4 }],
      [{ ...put, keepTtl: true }, { version: 4 }],
      [get, { found: true, value: 'value', version: 4, expiresInMs: 70 }],
      [
        { ...remove, ifVersion: 4 },
        { existed: true, version: 5 },
      ],
    ]);
    expect(sent).toEqual([
      ['a:1', '/kv.v1.KeyValue/Get', { key }],
      ['a:1', '/kv.v1.KeyValue/Put', { key, value: put.value, ifVersion: 3, ttlMs: 70 }],
      ['a:1', '/kv.v1.KeyValue/Put', { key, value: put.value, keepTtl: true }],
      ['a:1', '/kv.v1.KeyValue/Get', { key }],
      ['a:1', '/kv.v1.KeyValue/Delete', { key, ifVersion: 4 }],
    ]);
  });

  test.each(['unary', 'rest'] as const)('by %s gets the refusal of the other node, and is forwarded only once', async (api) => {
    const node = cluster.nodeOf('b', elsewhere);
    let sent = 0;
    node.forwarder.forward = async () => {
      sent++;
      throw sent === 1 ? new KvError('MEMORY_FULL', 'no room') : new KvError('NOT_PRIMARY', notPrimary);
    };
    await expectAnswers(api, node, [
      [put, refusal('MEMORY_FULL', 'no room', { primaryAddress: 'a:1' })],
      [put, refusal('NOT_PRIMARY', notPrimary)],
    ]);
    expect(sent).toBe(2);
  });
});
