/**
 * Brings every load into its range with as few moves as possible, even where no single move is enough. It uses augmenting paths
 * (Ford, Fulkerson, 1956), the shortest first: one member gives an item to a second, which gives another item to a third, until
 * a member with room is reached.
 */
import type { Range } from './members.js';
import type { Steps } from './steps.js';

export interface Transfers {
  loadOf(member: number): number;
  /** An item that `from` has and may hand to `to`; undefined if there is none. */
  offer(from: number, to: number): number | undefined;
  move(item: number, from: number, to: number): void;
}

interface Step {
  readonly from: number;
  readonly item: number;
}

/** A member whose load is above `gives` gives; one whose load is below `takes` takes. */
export interface Stage {
  readonly gives: (range: Range) => number;
  readonly takes: (range: Range) => number;
}

/**
 * In this order no move has to be undone. First, members with too much give to members with too little; then to any member with
 * room. Last, members that can spare an item give to members that still have too little.
 */
export const stages: readonly Stage[] = [
  { gives: ({ most }) => most, takes: ({ least }) => least },
  { gives: ({ most }) => most, takes: ({ most }) => most },
  { gives: ({ least }) => least, takes: ({ least }) => least },
];

/** `transfers` are tried in order: the cheapest kind comes first. */
export function* level(ranges: readonly Range[], stage: Stage, transfers: readonly Transfers[]): Steps<void> {
  for (const kind of transfers) while (yield* moveOne(ranges, stage, kind));
}

/**
 * Moves along one shortest path. All its steps may be done together, although each was judged alone: if two steps with the same
 * shard were in conflict, there would be a shorter path, from the giver of the first to the taker of the second.
 */
function* moveOne(ranges: readonly Range[], { gives, takes }: Stage, transfers: Transfers): Steps<boolean> {
  const reached = new Map<number, Step>();
  const queue: number[] = [];
  let others: number[] = [];
  for (const [member, range] of ranges.entries())
    if (transfers.loadOf(member) > gives(range)) queue.push(member);
    else others.push(member);
  for (const from of queue) {
    yield;
    const unreached: number[] = [];
    for (const to of others) {
      const item = transfers.offer(from, to);
      if (item === undefined) {
        unreached.push(to);
        continue;
      }
      reached.set(to, { from, item });
      if (transfers.loadOf(to) < takes(ranges[to]!)) {
        walkBack(to, reached, transfers);
        return true;
      }
      queue.push(to);
    }
    others = unreached;
    if (others.length === 0) return false;
  }
  return false;
}

function walkBack(end: number, reached: ReadonlyMap<number, Step>, transfers: Transfers): void {
  let to = end;
  for (let step = reached.get(to); step !== undefined; step = reached.get(to)) {
    transfers.move(step.item, step.from, to);
    to = step.from;
  }
}
