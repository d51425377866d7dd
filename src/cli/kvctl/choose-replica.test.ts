import { describe, expect, test } from 'vitest';
import type { NodeStatus, ReplicaStatus } from '../../rpc/kv-api.js';
import { holdsData, rankReplicas } from './choose-replica.js';
import type { NodeAnswer } from './gather.js';

function answer(id: string, replica: Partial<ReplicaStatus>): NodeAnswer {
  const node = { id, address: `${id}:1`, zone: '', weight: 1 };
  return {
    node,
    status: { nodeId: id, replicas: [{ shard: 0, complete: true, lastEpoch: 1, lastSeq: 1, ...replica }] } as NodeStatus,
  };
}

function ranking(...answers: NodeAnswer[]): string[] {
  return rankReplicas(0, answers).map(({ node }) => node.id);
}

describe('kvctl - the replica that goes on when all in-sync ones are gone (R13)', () => {
  test('a later epoch counts for more than a longer log', () => {
    expect(ranking(answer('long', { lastEpoch: 2, lastSeq: 900 }), answer('late', { lastEpoch: 3, lastSeq: 5 }))).toEqual([
      'late',
      'long',
    ]);
  });

  test('an incomplete copy comes last, however long its log', () => {
    expect(ranking(answer('partial', { complete: false, lastEpoch: 9 }), answer('empty', { lastSeq: 0, lastEpoch: 0 }))).toEqual([
      'empty',
      'partial',
    ]);
  });

  test('replicas of other shards and nodes without an answer do not count', () => {
    const silent: NodeAnswer = { node: { id: 'silent', address: 'silent:1', zone: '', weight: 1 }, problem: 'no answer' };
    expect(ranking(silent, answer('other', { shard: 1 }), answer('one', {}))).toEqual(['one']);
  });

  test('between equals the choice does not depend on who answered first', () => {
    expect(ranking(answer('b', {}), answer('a', {}))).toEqual(ranking(answer('a', {}), answer('b', {})));
  });

  test('a copy without entries, or an incomplete one, holds no data', () => {
    const holds = (replica: Partial<ReplicaStatus>): boolean => rankReplicas(0, [answer('a', replica)]).some(holdsData);
    expect([holds({}), holds({ lastSeq: 0 }), holds({ complete: false })]).toEqual([true, false, false]);
  });
});
