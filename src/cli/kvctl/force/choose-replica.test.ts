import { describe, expect, test } from 'vitest';
import { holdsData, rankReplicas, replicasByShard } from './choose-replica.js';
import { answerOf, type ReplicaSight } from './force-view.fixture.js';

function ranking(nodes: Readonly<Record<string, ReplicaSight | undefined>>): string[] {
  const answers = Object.entries(nodes).map(([id, sight]) => answerOf(id, sight === undefined ? undefined : [sight]));
  return rankReplicas(replicasByShard(answers).get(0) ?? []).map(({ node }) => node.id);
}

describe('kvctl - the replica that becomes primary when all in-sync ones are gone (R13)', () => {
  test('a later epoch counts for more than a longer log', () => {
    const [long, late] = [
      { held: 'h@3:c', lastEpoch: 2, lastSeq: 900 },
      { held: 'h@3:c', lastEpoch: 3, lastSeq: 5 },
    ];
    expect(ranking({ long, late })).toEqual(['late', 'long']);
  });

  test('with equal logs the replica that followed to a later epoch comes first', () => {
    const log = { lastEpoch: 2, lastSeq: 9 };
    expect(ranking({ a: { held: 'h@2:b', ...log }, b: { held: 'h@3:c', ...log } })).toEqual(['b', 'a']);
  });

  test('with equal logs the replica with the higher commit index comes first', () => {
    const log = { held: 'h@2:b', lastEpoch: 2, lastSeq: 9 };
    expect(ranking({ a: { ...log, commitIndex: 7 }, b: { ...log, commitIndex: 9 } })).toEqual(['b', 'a']);
  });

  test('an incomplete copy comes last, even with the longest log', () => {
    expect(ranking({ partial: { complete: false, lastEpoch: 9 }, empty: {} })).toEqual(['empty', 'partial']);
  });

  test('a copy of a shard without keys comes before a replica without a copy', () => {
    expect(ranking({ a: {}, b: { held: 'h@1:a', lastEpoch: 0, lastSeq: 0 } })).toEqual(['b', 'a']);
  });

  test('replicas of other shards and nodes without an answer do not count', () => {
    expect(ranking({ silent: undefined, other: { shard: 1, held: 'h@1:a' }, one: { held: 'h@1:a' } })).toEqual(['one']);
  });

  test('between equals the choice does not depend on the order of the answers', () => {
    expect(ranking({ b: {}, a: {} })).toEqual(ranking({ a: {}, b: {} }));
  });

  test('an incomplete copy, or a replica that belongs to no history, holds no data', () => {
    const holds = (sight: ReplicaSight): boolean =>
      replicasByShard([answerOf('a', [sight])])
        .get(0)!
        .some(holdsData);
    expect([holds({ held: 'h@1:a' }), holds({}), holds({ complete: false })]).toEqual([true, false, false]);
  });
});
