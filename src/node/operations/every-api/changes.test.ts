/** Changes of one key by what is there, through every API: the same answer, code, text and counters. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { KvError } from '../../../errors.js';
import { localShardOf } from '../../shards/served-shard.fixture.js';
import { expectAnswers, key, keyRequests, notPrimary, refusal, testCluster } from './test-cluster.fixture.js';
import { maxPendingBytes, maxValueBytes, testedApis } from './test-node.fixture.js';
import { type ChangeRequest, messageOf } from './test-request.fixture.js';

const { get, put, remove } = keyRequests;
const cluster = testCluster();

function change(kind: ChangeRequest['kind'], text?: string, options: ChangeRequest['options'] = {}): ChangeRequest {
  return { kind, key, options, ...(text !== undefined && { value: Buffer.from(text) }) };
}

const increment = (options?: ChangeRequest['options']) => change('increment', undefined, options);
const append = (text: string, options?: ChangeRequest['options']) => change('append', text, options);
const setRange = (offset: number, text: string, options = {}) => change('setRange', text, { offset, ...options });
const getAndSet = (text: string) => change('getAndSet', text);
const getAndDelete = change('getAndDelete');
/** One of each. */
const changes = [increment(), append('x'), setRange(0, 'x'), getAndSet('x'), getAndDelete];

const found = (value: string, version: number) => ({ found: true, value, version });
const written = (text: string) => ({ ...put, value: Buffer.from(text) });
const tooLong = 'the whole value would be longer than allowed; nothing was written';

describe.each([...testedApis, 'frames'] as const)('a change by %s', (api) => {
  test('is judged by what is there, and answered with what it did', async () => {
    await expectAnswers(api, cluster.nodeOf('a'), [
      [increment(), { value: '1', version: 1 }],
      [increment({ by: '-2.5' }), { value: '-1.5', version: 2 }],
      [get, found('-1.5', 2)],
      [getAndDelete, { version: 3, previous: { value: '-1.5', version: 2 } }],
      [getAndDelete, { version: 0 }],
      [increment({ by: '2', initial: '40', min: '0', max: '42' }), { value: '42', version: 4 }],
      [getAndSet('Hello'), { version: 5, previous: { value: '42', version: 4 } }],
      [append(' world'), { valueBytes: 11, version: 6 }],
      [append('', { maxBytes: 11 }), { valueBytes: 11, version: 7 }],
      [setRange(6, 'W'), { valueBytes: 11, version: 8 }],
      [get, found('Hello World', 8)],
      [remove, { existed: true, version: 9 }],
      [setRange(2, 'x'), { valueBytes: 3, version: 10 }],
      [get, found('\0\0x', 10)],
      [remove, { existed: true, version: 11 }],
      [getAndSet(''), { version: 12 }],
      [append('x'), { valueBytes: 1, version: 13 }],
    ]);
  });

  test('that cannot be done is refused, and writes nothing', async () => {
    const noNumber = refusal('NOT_A_NUMBER', 'the value is not a number of up to 19 digits before and 17 after the point');
    const tooLarge = refusal('VALUE_TOO_LARGE', tooLong);
    await expectAnswers(api, cluster.nodeOf('a'), [
      [written('text'), { version: 1 }],
      [increment(), noNumber],
      [append('more', { maxBytes: 7 }), tooLarge],
      [append('x'.repeat(maxValueBytes)), tooLarge],
      [setRange(maxValueBytes, 'x'), tooLarge],
      [setRange(5, 'more', { maxBytes: 8 }), tooLarge],
      [get, found('text', 1)],
    ]);
  });

  test('that would leave the bounds is refused, and writes nothing', async () => {
    const outside = refusal('OUT_OF_RANGE', 'the sum is outside its bounds; nothing was written');
    await expectAnswers(api, cluster.nodeOf('a'), [
      [increment({ max: '0' }), outside],
      [increment({ by: '-1', min: '-0.5' }), outside],
      [increment({ by: '9223372036854775807' }), { value: '9223372036854775807', version: 1 }],
      [increment({ by: '0.00000000000000001' }), outside],
      [get, found('9223372036854775807', 1)],
    ]);
  });

  test('whose arguments can never be right is refused', async () => {
    const form =
      'a decimal number from -2^63 to 2^63 - 1 with up to 17 digits after the point, without exponent or superfluous zeros';
    const numbers = Object.entries({ by: '1e3', initial: '+1', min: '01', max: 'x' }).map(
      ([name, text]): [ChangeRequest, object] => [
        increment({ [name]: text }),
        refusal('INVALID_ARGUMENT', `${name} must be ${form}, not "${text}"`),
      ],
    );
    const bounds = refusal('INVALID_ARGUMENT', 'min 0.1 is greater than max 0.09, so no sum can be within these bounds');
    const noSum: [ChangeRequest, object] = [increment({ min: '0.1', max: '0.09' }), bounds];
    const value = Buffer.alloc(maxValueBytes + 1);
    const large = `the value has ${value.length} bytes; this node takes at most ${maxValueBytes}`;
    const values = [append(''), setRange(0, ''), getAndSet('')].map((request): [ChangeRequest, object] => [
      { ...request, value },
      refusal('VALUE_TOO_LARGE', large),
    ]);
    for (const node of [cluster.nodeOf('a'), cluster.nodeOf('b', { local: () => undefined, primaryElsewhere: () => 'a:1' })])
      await expectAnswers(api, node, [...numbers, noSum, ...values]);
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
        changes.map((request) => [{ ...request, key: bytes }, expected]),
      );
    }
  });

  test('on condition of a value is executed only if the key has it', async () => {
    const other = (currentVersion: number) =>
      refusal('VALUE_MISMATCH', `the key has another value; it is at version ${currentVersion}`, { currentVersion });
    const [open, none] = [Buffer.from('op\u00e9n, 100 %'), Buffer.alloc(0)];
    await expectAnswers(api, cluster.nodeOf('a'), [
      [{ ...put, ifValue: none }, other(0)],
      [{ ...put, value: open }, { version: 1 }],
      [{ ...put, ifValue: Buffer.from('op') }, other(1)],
      [{ ...remove, ifValue: Buffer.from('op') }, other(1)],
      [{ ...put, value: none, ifValue: open }, { version: 2 }],
      [
        { ...put, value: open, ifValue: none, ifVersion: 1 },
        refusal('VERSION_MISMATCH', 'the key is at version 2', { currentVersion: 2 }),
      ],
      [{ ...put, value: open, ifValue: none, ifVersion: 2 }, { version: 3 }],
      [
        { ...remove, ifValue: open },
        { existed: true, version: 4 },
      ],
      [{ ...remove, ifValue: open }, other(0)],
    ]);
  });

  test('is refused by a node that has stopped, or whose memory is full', async () => {
    const local = localShardOf(cluster.c.node('a'));
    local.transact = (_, operation) => operation.failed(new KvError('MEMORY_FULL', 'no room'));
    const full = cluster.nodeOf('a', { local: () => local });
    await expectAnswers(
      api,
      full,
      changes.map((request) => [request, refusal('MEMORY_FULL', 'no room')]),
    );
    const stopped = cluster.nodeOf('a');
    stopped.executor.close();
    const stopping = refusal('STOPPING', 'this node has stopped taking requests');
    await expectAnswers(
      api,
      stopped,
      changes.map((request) => [request, stopping]),
    );
  });

  test('that fails unexpectedly is a fault of the node', async () => {
    const local = localShardOf(cluster.c.node('a'));
    local.transact = () => {
      throw new Error('a secret');
    };
    const node = cluster.nodeOf('a', { local: () => local });
    const internal = { code: 'INTERNAL', message: 'internal error; the log of the node has the details', executed: 'unknown' };
    await expectAnswers(
      api,
      node,
      changes.map((request) => [request, internal]),
    );
    expect([node.logged.length, node.pendingOnPipelines, node.pending.count]).toEqual([changes.length, 0, 0]);
  });
});

describe('a change while no primary is known', () => {
  test.each(testedApis)('by %s is refused at once, by a client that does not wait', async (api) => {
    const expected = refusal('NO_PRIMARY', 'no primary is known at present; nothing was sent to one');
    await expectAnswers(
      api,
      cluster.nodeOf('b'),
      changes.map((request) => [request, expected]),
    );
  });

  test.each(['unary', 'rest', 'frames'] as const)('by %s is kept, and executed once this node is the primary', async (api) => {
    for (const request of changes) {
      let local = localShardOf(cluster.c.node('b'));
      const node = cluster.nodeOf('b', { local: () => local });
      const answer = node.send(api, { ...request, waits: true });
      while (node.pending.kept === 0) await nextTurn();
      local = localShardOf(cluster.c.node('a'));
      node.executor.shardChanged(0);
      expect(await answer).not.toHaveProperty('code');
      expect([node.counted(api), node.pending.kept, node.pending.count]).toEqual([[`${request.kind} OK`], 0, 0]);
    }
  });
});

test.each(['unary', 'rest'] as const)(
  'a change by %s that is kept counts with its value, so that no more are kept than fit',
  async (api) => {
    const node = cluster.nodeOf('b');
    const held = Math.floor((api === 'unary' ? maxPendingBytes : maxPendingBytes / 2) / 2 / maxValueBytes);
    const request = { ...append('x'.repeat(maxValueBytes - 100)), waits: true };
    const kept = Array.from({ length: held }, () => node.send(api, request));
    while (node.pending.kept < held) await nextTurn();
    expect(await node.send(api, request)).toMatchObject({ code: 'NO_PRIMARY', executed: 'no' });
    node.executor.close();
    for (const answer of await Promise.all(kept)) expect(answer).toMatchObject({ code: 'STOPPING' });
  },
);

describe('a change at a node that is not primary, while the primary is known', () => {
  const elsewhere = { primaryElsewhere: () => 'a:1' };

  test('by pipeline is refused, and names the primary', async () => {
    const named = refusal('NOT_PRIMARY', notPrimary, { primaryAddress: 'a:1' });
    await expectAnswers(
      'pipeline',
      cluster.nodeOf('b', elsewhere),
      changes.map((request) => [request, named]),
    );
  });

  test.each(['unary', 'rest'] as const)('by %s is forwarded as it came, and counted with its outcome', async (api) => {
    const node = cluster.nodeOf('b', elsewhere);
    const primary = cluster.nodeOf('a');
    const sent: unknown[] = [];
    node.forwarder.forward = async (address, { path }, request) => {
      sent.push([address, path, request]);
      return primary.answerTo(path, request as Buffer) as never;
    };
    await expectAnswers(api, node, [
      [append('x'), { valueBytes: 1, version: 1 }],
      [getAndDelete, { version: 2, previous: { value: 'x', version: 1 } }],
    ]);
    expect(sent).toEqual([
      ['a:1', '/kv.v1.KeyValue/Append', messageOf(append('x'))],
      ['a:1', '/kv.v1.KeyValue/GetAndDelete', messageOf(getAndDelete)],
    ]);
  });
});

describe('a change that is not committed', () => {
  test.each(['unary', 'rest', 'frames'] as const)('by %s has an unknown outcome after ten seconds', async (api) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      cluster.c.hold('a', 'b');
      const node = cluster.nodeOf('a');
      const late = node.send(api, increment());
      while (cluster.c.node('a').replica.uncommittedVersion('k') === undefined) await nextTurn();
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 10_000);
      await vi.advanceTimersByTimeAsync(10_000);
      const message = 'the write was not committed within 10000 ms';
      expect(await late).toEqual({ code: 'OUTCOME_UNKNOWN', message, executed: 'unknown' });
      expect(node.counted(api)).toEqual(['increment OUTCOME_UNKNOWN']);
    } finally {
      vi.useRealTimers();
    }
  });
});
