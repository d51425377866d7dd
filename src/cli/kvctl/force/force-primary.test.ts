import { describe, expect, test, vi } from 'vitest';
import type { KvClient } from '../../../client/index.js';
import { KvError } from '../../../errors.js';
import type { ForcePrimaryResponse } from '../../../wire/contract/kv-api.js';
import { Output } from '../output.js';
import type { GatheredCluster } from '../status/gather.js';
import { forcePrimaryCommand } from './force-primary.js';
import { shardOf, viewOf } from './force-view.fixture.js';

type Force = KvClient['forcePrimary'];

interface Run {
  readonly code: number;
  /** The texts for people, from stdout and stderr. */
  readonly texts: readonly string[];
  readonly remarks: readonly string[];
}

const forced: Force = async () => ({ epoch: 9, seqFloor: 100 });

function outputOf(isJson: boolean): { output: Output; texts: string[]; remarks: string[]; values: unknown[] } {
  const output = new Output(isJson);
  const [texts, remarks, values] = [[] as string[], [] as string[], [] as unknown[]];
  vi.spyOn(output, 'result').mockImplementation((text, json) => void (isJson ? values.push(json) : texts.push(text)));
  vi.spyOn(output, 'noResult').mockImplementation((json) => void (isJson && values.push(json)));
  vi.spyOn(output, 'remark').mockImplementation((text) => void remarks.push(text));
  return { output, texts, remarks, values };
}

async function run(
  view: GatheredCluster,
  {
    shards,
    options = {},
    force = forced,
    isJson = false,
  }: { shards?: string; options?: object; force?: Force; isJson?: boolean },
): Promise<Run & { values: unknown[] }> {
  const { output, texts, remarks, values } = outputOf(isJson);
  const client: Partial<KvClient> = {
    topology: async () => view.topology,
    wholeTopology: async () => view.topology,
    onTopology: () => () => {},
    nodeStatus: async (address) => {
      const { status, problem } = view.answers.find(({ node }) => node.address === address)!;
      if (status === undefined) throw new KvError('UNREACHABLE', problem ?? '');
      return status;
    },
    forcePrimary: force,
  };
  const code = await forcePrimaryCommand.run({
    connect: async () => client as KvClient,
    operands: shards === undefined ? [] : [shards],
    options: options as Record<string, unknown>,
    connection: { nodes: undefined, zk: undefined, root: undefined },
    call: { deadlineMs: 1_000, signal: new AbortController().signal },
    isStdinTaken: false,
    output,
  });
  return { code, texts, remarks, values };
}

const held = 'h@5:e5';
const copy = (shard: number) => ({ shard, held, lost: [held, 'a'] as const });
/** Shards 0 to 2 have copies and no state, shard 3 has two histories, shard 4 serves. */
const lostView = viewOf([shardOf(0), shardOf(1), shardOf(2), shardOf(3), shardOf(4, ['a'], { offline: false })], {
  a: [copy(0), copy(1), copy(2), { shard: 3, held: 'x@1:a' }, { shard: 4, held: 'k@1:z', role: 'primary', serving: true }],
  b: [{ shard: 3, held: 'y@1:b' }],
});
const accept = { 'accept-data-loss': true };

describe('kvctl shard force-primary', () => {
  test.each([
    ['leaves a shard alone that is not offline', shardOf(0, ['a'], { offline: false }), 'shard 0 is not offline'],
    [
      'is not offline, and no node knows its state',
      shardOf(0, [], { offline: false }),
      'no node that answers knows the state of shard 0',
    ],
  ])('%s', async (_, shard, message) => {
    await expect(run(viewOf([shard], { a: [] }), { shards: '0', options: accept })).rejects.toMatchObject({
      code: 'NOT_FORCED',
      executed: 'no',
      message: expect.stringContaining(message),
    });
  });

  test('without the flag only the plan is shown: nothing is called, and the exit code is 1', async () => {
    const force = vi.fn(forced);
    const { code, texts, remarks } = await run(lostView, { options: { all: true }, force });
    expect(code).toBe(1);
    expect(force).not.toHaveBeenCalled();
    expect(texts.join()).toContain('shards 0-2: ZooKeeper has lost the state. Nothing is lost:');
    expect(texts.join()).toMatch(/│ 1 +│ a +│ h +│ 5 +│ 20 +│ 7 +│/);
    expect(texts.join()).toContain('shard 3 cannot be forced: shard 3 has 2 histories; choose the one to keep with --history');
    expect(remarks.join()).toContain('Nothing was changed.');
    expect(remarks.join()).toContain('--accept-data-loss');
  });

  test('the JSON plan names everything that would be sent, and each problem', async () => {
    const { values } = await run(lostView, { shards: '0,3', isJson: true });
    expect(values).toEqual([
      {
        executed: false,
        shards: [
          expect.objectContaining({ shard: 0, cause: 'state-lost', lost: 'nothing', kept: 'h', givesUp: [] }),
          expect.objectContaining({ shard: 3, error: expect.objectContaining({ code: 'NOT_FORCED' }) }),
        ],
      },
    ]);
    expect(values).toMatchObject([
      { shards: [{ primary: { nodeId: 'a', held: { history: 'h', epoch: 5, epochId: 'e5' } } }, {}] },
    ]);
  });

  test('with the flag every shard is forced at its replica and reported, and the exit code is 0', async () => {
    const force = vi.fn(forced);
    const { code, texts } = await run(lostView, { options: { ...accept, all: true, history: 'y' }, force });
    expect(code).toBe(0);
    const calls = force.mock.calls.map(([address, { shard, givesUp }]) => [shard, address, givesUp]);
    expect(calls.sort()).toEqual([
      [0, 'a:1', []],
      [1, 'a:1', []],
      [2, 'a:1', []],
      [3, 'b:1', ['x']],
    ]);
    expect(texts).toContain('node b is primary of shard 3 in epoch 9; new versions begin at 100');
  });

  test('some are forced and others are not - the exit code is 6, and both are reported', async () => {
    const force: Force = async (_, { shard }) => {
      if (shard === 1) throw new KvError('NOT_FORCED', 'the shard was left as it is: try again');
      return { epoch: 9, seqFloor: 100 };
    };
    const { code, texts, remarks } = await run(lostView, { options: { ...accept, all: true }, force });
    expect(code).toBe(6);
    expect(texts).toContain('shard 1 was not forced: the shard was left as it is: try again (NOT_FORCED)');
    expect(remarks.at(-1)).toContain('2 of 4 shards were forced.');
    const { values } = await run(lostView, { options: { ...accept, all: true }, force, isJson: true });
    const [{ shards }] = values as [{ shards: { shard: number; forced: boolean }[] }];
    expect(new Map(shards.map((one) => [one.shard, one.forced]))).toEqual(
      new Map([
        [0, true],
        [1, false],
        [2, true],
        [3, false],
      ]),
    );
  });

  test.each<[number, 'NOT_FORCED' | 'OUTCOME_UNKNOWN']>([
    [1, 'NOT_FORCED'],
    [3, 'OUTCOME_UNKNOWN'],
  ])('none is forced - the exit code is %i with %s', async (code, errorCode) => {
    const force: Force = () => Promise.reject(new KvError(errorCode, 'no'));
    expect((await run(lostView, { shards: '0-2', options: accept, force })).code).toBe(code);
  });

  test('one shard that is not forced - the command fails with the error of the node', async () => {
    const force: Force = () => Promise.reject(new KvError('NOT_FORCED', 'a change of state is under way'));
    await expect(run(lostView, { shards: '0', options: accept, force })).rejects.toMatchObject({ code: 'NOT_FORCED' });
  });

  test('many shards - a bounded number of calls is in flight', async () => {
    const shards = Array.from({ length: 40 }, (_, shard) => shardOf(shard));
    const view = viewOf(shards, { a: shards.map(({ shard }) => copy(shard)) });
    let [underWay, most] = [0, 0];
    const force = async (): Promise<ForcePrimaryResponse> => {
      underWay++;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      underWay--;
      return { epoch: 9, seqFloor: 100 };
    };
    const { code, texts } = await run(view, { options: { ...accept, all: true }, force });
    expect([code, texts.length, most]).toEqual([0, 40, 8]);
  });

  test('nothing is offline - --all has nothing to do, and the exit code is 0', async () => {
    const { code, texts } = await run(viewOf([shardOf(0, ['a'], { offline: false })], { a: [] }), { options: { all: true } });
    expect([code, texts.join()]).toEqual([0, expect.stringContaining('nothing to do')]);
  });

  test('a node that is registered and does not answer may hold more than the others - refused', async () => {
    const view = viewOf([shardOf(0)], { a: [copy(0)], b: undefined });
    await expect(run(view, { options: { ...accept, all: true } })).rejects.toMatchObject({ code: 'UNREACHABLE', executed: 'no' });
  });

  test.each<[string | undefined, object]>([
    [undefined, {}],
    ['0', { all: true }],
    ['x', {}],
    ['0', { history: 'h,' }],
  ])('shards "%s" with %j are refused', async (shards, options) => {
    await expect(run(lostView, { ...(shards === undefined ? {} : { shards }), options })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
  });
});
