/**
 * Which members hold which shard.
 *
 * Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam: Consistent Hashing with Bounded Loads, SODA
 * 2018): a shard goes to the first nodes clockwise that have room. Here the bound is the tightest there is, everybody's
 * due rounded up; and where that work lets an overflow cascade along the ring, what is placed stays where it is. The
 * ring only decides where something goes that has to go somewhere. Rendezvous hashing (Thaler, Ravishankar, 1998) would
 * need no ring, but asks every node about every shard: sixteen million hashes for 1,000 nodes and 16,384 shards.
 */
import { Holdings } from './holdings.js';
import { level, type Stage, stages, type Transfers } from './level.js';
import type { Members } from './members.js';
import type { Placement } from './placement.js';
import type { Ring } from './ring.js';
import { RingWalk } from './ring-walk.js';
import type { Steps } from './steps.js';

/** Whether the copy of a shard on a member may be moved at all. */
type MayGo = (shard: number, member: number) => boolean;

export function* placeCopies(previous: Placement | undefined, members: Members, ring: Ring, shardCount: number): Steps<Holdings> {
  const holdings = new Holdings(members, shardCount);
  const kept = keep(previous, members, holdings);
  yield* fill(holdings, members, ring);
  // Only what moves anyway may be moved for nothing.
  const kinds: readonly MayGo[] = [(shard, member) => !kept[shard]!.includes(member), () => true];
  for (const mayGo of kinds)
    for (const stage of stages) {
      yield* moveAlongRing(stage, mayGo, holdings, members, ring);
      yield* level(members.loads, stage, [transfersOf(holdings, mayGo)]);
    }
  return holdings;
}

/** What is still there and where it may be, in the order of the list: the primary is the last to go. */
function keep(previous: Placement | undefined, members: Members, holdings: Holdings): readonly (readonly number[])[] {
  const indexes = new Map(members.ids.map((id, member) => [id, member]));
  return Array.from({ length: holdings.shardCount }, (_, shard) => {
    const former = (previous?.shards[shard] ?? []).flatMap((id) => indexes.get(id) ?? []);
    for (const member of former) if (holdings.mayAdd(shard, member)) holdings.add(shard, member);
    return former;
  });
}

/** Gives every shard its full set: of the members with room while that goes, and beyond the bound where it does not. */
function* fill(holdings: Holdings, members: Members, ring: Ring): Steps<void> {
  const { loads, ids } = members;
  const total = holdings.shardCount * members.copies;
  /** How many members can have their due rounded up, so that nobody is left below it rounded down. */
  let roundedUp = total - loads.reduce((sum, { least }) => sum + least, 0);
  for (const [member, { least }] of loads.entries()) roundedUp -= Math.max(0, holdings.loadOf(member) - least);
  const hasRoom = (member: number): boolean => {
    const { least, most } = loads[member]!;
    return holdings.loadOf(member) < least || (holdings.loadOf(member) < most && roundedUp > 0);
  };
  const withRoom = new RingWalk(ring, ids.length, hasRoom);
  const all = new RingWalk(ring, ids.length);
  for (let shard = 0; shard < holdings.shardCount; shard++) {
    while (holdings.missing(shard) > 0) {
      const suits = (member: number): boolean => {
        if (!hasRoom(member)) withRoom.close(member);
        return hasRoom(member) && holdings.mayAdd(shard, member);
      };
      const member = withRoom.firstFrom(shard, suits) ?? all.firstFrom(shard, (other) => holdings.mayAdd(shard, other))!;
      if (holdings.loadOf(member) >= loads[member]!.least) roundedUp -= 1;
      holdings.add(shard, member);
      yield;
    }
  }
}

/** Whoever must give gives the shards that lie closest before the positions of those who take. */
function* moveAlongRing({ gives, takes }: Stage, mayGo: MayGo, holdings: Holdings, members: Members, ring: Ring): Steps<void> {
  const { loads } = members;
  const mustGive = (member: number): boolean => holdings.loadOf(member) > gives(loads[member]!);
  const canTake = (member: number): boolean => holdings.loadOf(member) < takes(loads[member]!);
  const takers = new RingWalk(ring, loads.length, canTake);
  if (takers.isOver) return;
  // Distance and shard in one number, which is sorted in no time.
  const byDistance = new Float64Array(holdings.shardCount);
  for (let shard = 0; shard < holdings.shardCount; shard++)
    byDistance[shard] = takers.distanceFrom(shard) * holdings.shardCount + shard;
  for (const place of byDistance.sort()) {
    const shard = place % holdings.shardCount;
    // Whoever takes is not above its range by that, so those who must give are the same from the first to the last.
    for (const member of [...holdings.holdersOf(shard)].sort((one, other) => one - other)) {
      if (!mustGive(member) || !mayGo(shard, member)) continue;
      const to = takers.firstFrom(shard, (other) => holdings.mayMove(shard, member, other));
      if (to === undefined) continue;
      holdings.move(shard, member, to);
      if (!canTake(to)) takers.close(to);
    }
    yield;
  }
}

function transfersOf(holdings: Holdings, mayGo: MayGo): Transfers {
  return {
    loadOf: (member) => holdings.loadOf(member),
    move: (shard, from, to) => holdings.move(shard, from, to),
    offer: (from, to) => {
      for (const shard of holdings.shardsOf(from)) if (mayGo(shard, from) && holdings.mayMove(shard, from, to)) return shard;
      return undefined;
    },
  };
}
