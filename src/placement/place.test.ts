import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { place, placeInSteps } from './place.js';
import type { Placement, PlacementNode, PlacementRules } from './placement.js';

const sha256 = (text: string): Uint8Array => createHash('sha256').update(text).digest();

function rulesOf(shardCount: number, replicas = 3): PlacementRules {
  return { shardCount, replicas, vnodes: 16, sha256 };
}

function nodesOf(count: number, zone: (index: number) => string | undefined = () => undefined): PlacementNode[] {
  return Array.from({ length: count }, (_, index) => ({ id: `10.0.0.${index}:9090`, zone: zone(index) }));
}

function loads({ shards }: Placement, nodes: readonly PlacementNode[]): number[] {
  return nodes.map(({ id }) => shards.filter((ids) => ids.includes(id)).length);
}

function primaries({ shards }: Placement, nodes: readonly PlacementNode[]): number[] {
  return nodes.map(({ id }) => shards.filter((ids) => ids[0] === id).length);
}

/** The copies that must be made. */
function moved(before: Placement, after: Placement): number {
  return after.shards.flatMap((ids, shard) => ids.filter((id) => !before.shards[shard]!.includes(id))).length;
}

function expectWithinOne(counts: readonly number[], ideal: number): void {
  for (const count of counts) {
    expect(count).toBeGreaterThanOrEqual(Math.floor(ideal));
    expect(count).toBeLessThanOrEqual(Math.ceil(ideal));
  }
}

function expectWhole({ shards }: Placement, nodes: readonly PlacementNode[], { shardCount, replicas }: PlacementRules): void {
  expect(shards).toHaveLength(shardCount);
  const known = new Set(nodes.map(({ id }) => id));
  for (const ids of shards) {
    expect(ids).toHaveLength(Math.min(replicas, nodes.length));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => known.has(id))).toBe(true);
  }
}

/** The naive second version of the rule: the copies in a full zone and in one with room differ by at most one. */
function expectSpread({ shards }: Placement, nodes: readonly PlacementNode[]): void {
  const zones = [...new Set(nodes.map(({ zone }) => zone))];
  for (const ids of shards) {
    const held = (zone: string | undefined): number => nodes.filter((node) => node.zone === zone && ids.includes(node.id)).length;
    const size = (zone: string | undefined): number => nodes.filter((node) => node.zone === zone).length;
    for (const zone of zones)
      for (const other of zones) if (held(other) < size(other)) expect(held(zone)).toBeLessThanOrEqual(held(other) + 1);
  }
}

const shardCounts = fc.integer({ min: 1, max: 200 });
const nodeCounts = fc.integer({ min: 1, max: 24 });
const replicaCounts = fc.integer({ min: 1, max: 5 });
const runs = { numRuns: 100 };
/** The slowest test takes some two seconds on an idle core. */
const patienceMs = 60_000;

describe('place - nodes of equal weight without zones', { timeout: patienceMs }, () => {
  test('every shard has all its copies; loads and primaries are within one of the ideal', () => {
    fc.assert(
      fc.property(shardCounts, nodeCounts, replicaCounts, (shardCount, nodeCount, replicas) => {
        const [nodes, rules] = [nodesOf(nodeCount), rulesOf(shardCount, replicas)];
        const placement = place(undefined, nodes, rules);
        expectWhole(placement, nodes, rules);
        expectWithinOne(loads(placement, nodes), (shardCount * Math.min(replicas, nodeCount)) / nodeCount);
        expectWithinOne(primaries(placement, nodes), shardCount / nodeCount);
      }),
      runs,
    );
  });

  test('every node computes the same placement, independently of the order in which it learns of the others', () => {
    const shuffled = nodeCounts.chain((count) => {
      const nodes = nodesOf(count);
      return fc.tuple(fc.constant(nodes), fc.shuffledSubarray(nodes, { minLength: count }));
    });
    fc.assert(
      fc.property(shuffled, shardCounts, ([nodes, others], shardCount) => {
        expect(place(undefined, others, rulesOf(shardCount))).toEqual(place(undefined, nodes, rulesOf(shardCount)));
      }),
      runs,
    );
  });

  test('adding or removing a node moves at most 1.1 times its ideal share, and leaves all loads within one of the ideal', () => {
    fc.assert(
      fc.property(
        shardCounts,
        fc.integer({ min: 2, max: 24 }),
        replicaCounts,
        fc.nat(),
        (shardCount, nodeCount, replicas, pick) => {
          const [nodes, rules] = [nodesOf(nodeCount), rulesOf(shardCount, replicas)];
          const rest = nodes.toSpliced(pick % nodeCount, 1);
          const share = (shardCount * Math.min(replicas, nodeCount)) / nodeCount;
          // Copies are whole. With few of them, one more may have to move to make room for one that fits nowhere else.
          const bound = Math.max(Math.ceil(share) + 1, 1.1 * share);
          for (const [before, after] of [
            [rest, nodes],
            [nodes, rest],
          ] as const) {
            const first = place(undefined, before, rules);
            const second = place(first, after, rules);
            expect(moved(first, second)).toBeLessThanOrEqual(bound);
            expectWhole(second, after, rules);
            expectWithinOne(loads(second, after), (shardCount * Math.min(replicas, after.length)) / after.length);
            expectWithinOne(primaries(second, after), shardCount / after.length);
          }
        },
      ),
      runs,
    );
  });

  test('copies and version stay the same while nothing changes', () => {
    const [nodes, rules] = [nodesOf(7), rulesOf(64)];
    const placement = place(undefined, nodes, rules);
    expect(place(placement, nodes.toReversed(), rules)).toBe(placement);
  });
});

/** Places one membership after the other, each from the last placement. */
const histories = fc.array(
  fc.uniqueArray(
    fc.record({
      id: fc.integer({ min: 0, max: 15 }).map((number) => `node-${number}`),
      weight: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined, freq: 2 }),
      zone: fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { nil: undefined, freq: 3 }),
    }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 12 },
  ),
  { minLength: 1, maxLength: 6 },
);

describe('place - through any history of nodes, weights and zones', { timeout: patienceMs }, () => {
  test('every shard keeps all its copies, spread over the zones, and the version grows only with a change', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 1, max: 60 }), replicaCounts, (history, shardCount, replicas) => {
        const rules = rulesOf(shardCount, replicas);
        let placement: Placement | undefined;
        for (const nodes of history) {
          const next = place(placement, nodes, rules);
          expectWhole(next, nodes, rules);
          expectSpread(next, nodes);
          expect(next.version).toBe((placement?.version ?? 0) + (next === placement ? 0 : 1));
          expect(place(next, nodes, rules)).toBe(next);
          placement = next;
        }
      }),
      runs,
    );
  });

  test('without zones every load is the fair share by weight, rounded down or up, but at most all shards', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 1, max: 60 }), replicaCounts, (history, shardCount, replicas) => {
        let placement: Placement | undefined;
        for (const zoned of history) {
          const nodes = zoned.map(({ id, weight = 1 }) => ({ id, weight }));
          placement = place(placement, nodes, rulesOf(shardCount, replicas));
          const dues = duesOf(nodes, shardCount, Math.min(replicas, nodes.length));
          for (const [index, load] of loads(placement, nodes).entries()) {
            // The naive version uses doubles: an integer share may come out slightly off.
            expect(load).toBeGreaterThanOrEqual(Math.floor(dues[index]! + 1e-6));
            expect(load).toBeLessThanOrEqual(Math.ceil(dues[index]! - 1e-6));
          }
          for (const [index, led] of primaries(placement, nodes).entries()) {
            const due = dues[index]! / Math.min(replicas, nodes.length);
            expect(led).toBeGreaterThanOrEqual(Math.floor(due + 1e-6));
            expect(led).toBeLessThanOrEqual(Math.ceil(due - 1e-6));
          }
        }
      }),
      runs,
    );
  });
});

/**
 * The naive second version: finds the level at which the sum of weight times level, capped at all shards, is the
 * total.
 */
function duesOf(nodes: readonly { readonly weight: number }[], shardCount: number, copies: number): number[] {
  let [low, high] = [0, shardCount];
  for (let step = 0; step < 200; step++) {
    const middle = (low + high) / 2;
    const total = nodes.reduce((sum, { weight }) => sum + Math.min(shardCount, weight * middle), 0);
    if (total < shardCount * copies) low = middle;
    else high = middle;
  }
  return nodes.map(({ weight }) => Math.min(shardCount, weight * high));
}

describe('place, step by step', () => {
  test('gives the same result, with little work in each step', () => {
    let hashes = 0;
    let mostHashes = 0;
    const counted = (text: string): Uint8Array => {
      hashes += 1;
      return sha256(text);
    };
    const rules = { shardCount: 200, replicas: 3, vnodes: 64, sha256: counted };
    const steps = placeInSteps(undefined, nodesOf(50), rules);
    let count = 0;
    for (let step = steps.next(); ; step = steps.next()) {
      count += 1;
      // The positions of one node, eight for each hash, or those of all shards.
      mostHashes = Math.max(mostHashes, hashes);
      hashes = 0;
      if (step.done === true) {
        expect(step.value).toEqual(place(undefined, nodesOf(50), rules));
        break;
      }
    }
    expect(mostHashes).toBeLessThanOrEqual(Math.ceil(200 / 8) + 64 / 8);
    // At least one step for each node and for each copy.
    expect(count).toBeGreaterThan(50 + 3 * 200);
  });
});
