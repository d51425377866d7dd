/**
 * Places the copies: which members hold which shard.
 *
 * The method is consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam: Consistent Hashing with Bounded Loads,
 * SODA 2018): a shard goes to the first nodes clockwise that have room. The bound here is the tightest possible: the fair share
 * of each member, rounded up. In that work an overflow cascades along the ring. Here a placed copy stays where it is, and the
 * ring only decides where a copy goes that must move. Rendezvous hashing (Thaler, Ravishankar, 1998) would need no ring, but
 * one hash for each node and shard: sixteen million for 1,000 nodes and 16,384 shards.
 */
import { Holdings } from './holdings.js';
import { level, type Stage, stages, type Transfers } from './level.js';
import type { Members } from './members.js';
import type { Placement } from './placement.js';
import type { Ring } from './ring.js';
import { RingWalk } from './ring-walk.js';
import type { Steps } from './steps.js';

/** Whether the copy of a shard on a member may move. */
type MayGo = (shard: number, member: number) => boolean;

export function* placeCopies(previous: Placement | undefined, members: Members, ring: Ring, shardCount: number): Steps<Holdings> {
  const holdings = new Holdings(members, shardCount);
  const kept = keep(previous, members, holdings);
  yield* fill(holdings, members, ring);
  // Copies that are new anyway are moved first, because that costs nothing.
  const kinds: readonly MayGo[] = [(shard, member) => !kept[shard]!.includes(member), () => true];
  for (const mayGo of kinds)
    for (const stage of stages) {
      yield* moveAlongRing(stage, mayGo, holdings, members, ring);
      yield* level(members.loads, stage, [transfersOf(holdings, mayGo)]);
    }
  return holdings;
}

/** Keeps the former copies that may stay. They are added in the order of the list, so the primary is the last to be dropped. */
function keep(previous: Placement | undefined, members: Members, holdings: Holdings): readonly (readonly number[])[] {
  const indexes = new Map(members.ids.map((id, member) => [id, member]));
  return Array.from({ length: holdings.shardCount }, (_, shard) => {
    const former = (previous?.shards[shard] ?? []).flatMap((id) => indexes.get(id) ?? []);
    for (const member of former) if (holdings.mayAdd(shard, member)) holdings.add(shard, member);
    return former;
  });
}

/** Gives every shard all its copies, on members with room where possible, and beyond their bound where not. */
function* fill(holdings: Holdings, members: Members, ring: Ring): Steps<void> {
  const { loads, ids } = members;
  const total = holdings.shardCount * members.copies;
  /** How many members may hold their share rounded up, so that every member can hold at least its share rounded down. */
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

/** Members above their range hand over the shards whose ring positions are closest before those of the takers. */
function* moveAlongRing({ gives, takes }: Stage, mayGo: MayGo, holdings: Holdings, members: Members, ring: Ring): Steps<void> {
  const { loads } = members;
  const mustGive = (member: number): boolean => holdings.loadOf(member) > gives(loads[member]!);
  const canTake = (member: number): boolean => holdings.loadOf(member) < takes(loads[member]!);
  const takers = new RingWalk(ring, loads.length, canTake);
  if (takers.isOver) return;
  // Distance and shard in one number: a Float64Array of these sorts fast.
  const byDistance = new Float64Array(holdings.shardCount);
  for (let shard = 0; shard < holdings.shardCount; shard++)
    byDistance[shard] = takers.distanceFrom(shard) * holdings.shardCount + shard;
  for (const place of byDistance.sort()) {
    const shard = place % holdings.shardCount;
    // A taker never gets above its range, so the set of members that must give does not grow.
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
