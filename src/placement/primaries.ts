/**
 * Who of a shard's holders is its preferred primary. It stays where it is while it holds the shard and its load allows: a
 * change costs a handover, no data.
 */
import type { Holdings } from './holdings.js';
import { level, stages, type Transfers } from './level.js';
import type { Members } from './members.js';
import type { Placement } from './placement.js';
import type { Steps } from './steps.js';

/** By shard. */
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
  // Only what needs a new primary anyway changes it for nothing.
  const kinds = [transfersOf((shard) => orphans.has(shard)), transfersOf(() => true)];
  for (const stage of stages) yield* level(members.primaries, stage, kinds);
  return primaries;
}

/** The first of those with the most room, so that one who has the data already goes before one who must fetch it. */
function leastBurdened(holders: readonly number[], led: readonly ReadonlySet<number>[], members: Members): number {
  const room = (member: number): number => members.primaries[member]!.most - led[member]!.size;
  return holders.reduce((best, member) => (room(member) > room(best) ? member : best));
}
