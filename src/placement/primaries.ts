/**
 * Chooses the preferred primary among the holders of each shard. A primary stays where it is while its node holds the shard and
 * its load allows. A change costs a handover, but moves no data.
 */
import type { Holdings } from './holdings.js';
import { level, stages, type Transfers } from './level.js';
import type { Members } from './members.js';
import type { Placement } from './placement.js';
import type { Steps } from './steps.js';

/** @returns the preferred primary of each shard, by shard number */
export function* choosePrimaries(
  previous: Placement | undefined,
  holdings: Holdings,
  members: Members,
): Steps<readonly number[]> {
  const led = members.ids.map(() => new Set<number>());
  const primaries = new Array<number>(holdings.shardCount);
  const appoint = (shard: number, member: number): void => {
    primaries[shard] = member;
    led[member]!.add(shard);
  };
  const orphans = new Set<number>();
  for (let shard = 0; shard < holdings.shardCount; shard++) {
    const former = previous?.shards[shard]?.[0];
    const holder = holdings.holdersOf(shard).find((member) => members.ids[member] === former);
    if (holder === undefined) orphans.add(shard);
    else appoint(shard, holder);
  }
  for (const shard of orphans) appoint(shard, leastBurdened(holdings.holdersOf(shard), led, members));
  const transfersOf = (mayChange: (shard: number) => boolean): Transfers => ({
    loadOf: (member) => led[member]!.size,
    move: (shard, from, to) => {
      led[from]!.delete(shard);
      appoint(shard, to);
    },
    offer: (from, to) => {
      for (const shard of led[from]!) if (mayChange(shard) && holdings.holdersOf(shard).includes(to)) return shard;
      return undefined;
    },
  });
  // Shards that need a new primary anyway are moved first, because that costs nothing.
  const kinds = [transfersOf((shard) => orphans.has(shard)), transfersOf(() => true)];
  for (const stage of stages) yield* level(members.primaries, stage, kinds);
  return primaries;
}

/** The first holder with the most room: holders that have the data already come before those that must fetch it. */
function leastBurdened(holders: readonly number[], led: readonly ReadonlySet<number>[], members: Members): number {
  const room = (member: number): number => members.primaries[member]!.most - led[member]!.size;
  return holders.reduce((best, member) => (room(member) > room(best) ? member : best));
}
