/**
 * Clusters that hold several shards. They have a random sequence of their own, so that the other schedules stay the
 * same.
 */
import { Random } from './random.js';
import type { Setup } from './setup.js';

const shareWithShards = 0.25;

/** Some clusters hold several shards, and most of them place these by themselves. */
export function withShards(seed: number, setup: Setup): Setup {
  const random = Random.of(seed, 3);
  if (!random.chance(shareWithShards)) return setup;
  const nodes = random.pick([3, 3, 4, 4, 5, 6]);
  const shards = random.between(2, 4);
  const replicas = Math.min(nodes, random.pick([1, 2, 2, 3, 3]));
  const several = { ...setup, shards, keys: shards * random.between(1, 2), nodes };
  // Half of the nodes start at the beginning, the others one by one or two at once.
  const laterMs = random.between(3000, 8000);
  const firstStartsMs = Array.from({ length: nodes }, (_, index) =>
    index < 2 || random.chance(0.5)
      ? random.below(50)
      : random.pick([laterMs, laterMs + random.below(20), random.between(1000, 12_000)]),
  );
  if (random.chance(0.15)) return { ...several, firstStartsMs };
  const zoned = random.chance(0.25);
  return {
    ...several,
    firstStartsMs,
    minInSync: Math.min(setup.minInSync, replicas),
    placing: {
      replicas,
      vnodes: random.pick([1, 4, 16]),
      replaceAfterMs: random.pick([500, 3000, 8000, 8000, 30_000]),
      zones: Array.from({ length: nodes }, (_, index) => (zoned ? `z${index % random.between(2, 3)}` : undefined)),
      weights: Array.from({ length: nodes }, () => (random.chance(0.1) ? 2 : 1)),
    },
  };
}
