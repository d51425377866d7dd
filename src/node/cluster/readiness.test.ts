import { expect, test } from 'vitest';
import { type ReadinessFacts, readinessOf } from './readiness.js';

type Replica = NonNullable<ReturnType<ReadinessFacts['replicaAt']>>;

const own = 'a~1';

function replica(inSync: readonly string[], complete = true): Replica {
  const lineage = [{ epoch: 1, id: 'one' }];
  const state = { history: 'h', epoch: 1, lineage, primary: inSync[0]!, inSync, seqFloor: 1, givenUp: [] };
  return { replicaId: own, complete, state };
}

function facts(replicas: readonly (Replica | undefined)[], changes: Partial<ReadinessFacts> = {}): ReadinessFacts {
  return {
    nodeId: 'a',
    stopping: false,
    conflict: undefined,
    registeredForMs: 60_000,
    placement: { shards: replicas.map(() => ['a', 'b']) },
    replicaAt: (shard) => replicas[shard],
    ...changes,
  };
}

const inSync = replica([own, 'b~1']);
const outside = replica(['b~1']);

test('in the in-sync set of every shard that is placed here - ready', () => {
  expect(readinessOf(facts([inSync, inSync]))).toEqual({ ready: true, reasons: [] });
});

test('a shard that is placed here is not held yet, not in sync, or not complete - not ready, and the shards are named', () => {
  const found = readinessOf(facts([inSync, undefined, outside, replica([own], false), { ...inSync, state: undefined }, inSync]));
  expect(found).toEqual({ ready: false, reasons: ['not in sync here: shards 1-4'] });
});

test('a shard that is placed elsewhere does not count, held here or not', () => {
  const placement = { shards: [['a'], ['b'], ['c']] };
  expect(readinessOf(facts([inSync, outside, undefined], { placement })).ready).toBe(true);
});

test('nothing is placed - not ready: the node may have to hold shards in a moment', () => {
  const { reasons } = readinessOf(facts([undefined, undefined], { placement: undefined }));
  expect(reasons).toEqual([expect.stringContaining('no shard is placed yet')]);
});

test('another replica of this node in the set, of an earlier process, does not make this one in sync', () => {
  expect(readinessOf(facts([replica(['a~0', 'b~1'])])).ready).toBe(false);
});

test('a node that stops, or is not registered yet, is not ready whatever it holds', () => {
  expect(readinessOf(facts([inSync], { stopping: true })).reasons).toEqual(['the node is stopping']);
  expect(readinessOf(facts([inSync], { registeredForMs: undefined })).reasons).toEqual(['the node is starting']);
});

test('a node whose cluster is not the one in ZooKeeper is not ready, in sync or not, and gives the reason', () => {
  const conflict = 'this node belongs to cluster one';
  expect(readinessOf(facts([inSync], { conflict }))).toEqual({ ready: false, reasons: [conflict] });
});

test('a node on which no shard is placed is ready only after a while', () => {
  const placement = { shards: [['b'], ['c']] };
  const after = (registeredForMs: number) => readinessOf(facts([undefined, undefined], { placement, registeredForMs }));
  expect(after(4_999)).toEqual({ ready: false, reasons: ['no shard is placed on the node yet'] });
  expect(after(5_000).ready).toBe(true);
});
