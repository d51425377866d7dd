/** Which schedules have keys that expire (R17). The others are as they would be without expiry. */
import type { KeyOperation } from '../../src/replication/index.js';
import type { Random } from './random.js';

const everySeeds = 4;

export function hasExpiry(seed: number): boolean {
  return seed % everySeeds === everySeeds - 1;
}

/** From less than a failover to longer than several. */
const ttlsMs = [1, 40, 300, 1_000, 2_500, 6_000];

/** Undefined: the write is of a key that never expires. */
export function nextTtlMs(random: Random): number | undefined {
  return random.chance(0.7) ? random.pick(ttlsMs) : undefined;
}

/** A change of the expiry alone, before another operation on the key. */
export function nextChangeOf(key: string, random: Random): KeyOperation | undefined {
  if (!random.chance(0.2)) return undefined;
  return random.chance(0.7) ? { kind: 'touch', key, ttlMs: random.pick(ttlsMs) } : { kind: 'persist', key };
}
