/**
 * Brings every load into its range by moving as little as it can, where no single move may do: an augmenting path (Ford,
 * Fulkerson, 1956), the shortest first. One gives to a second that gives something else to a third, until somebody with
 * room is reached.
 */
import type { Range } from './members.js';
import type { Steps } from './steps.js';

export interface Transfers {
  loadOf(member: number): number;
  /** Something that `from` has and may hand to `to`, if there is any. */
  offer(from: number, to: number): number | undefined;
  move(item: number, from: number, to: number): void;
}

interface Step {
  readonly from: number;
  readonly item: number;
}

/** Whose load is above the first gives, whose is below the second takes. */
export interface Stage {
  readonly gives: (range: Range) => number;
  readonly takes: (range: Range) => number;
}

/**
 * In this order no move has to be undone: what must go goes first where something must come; then wherever there is room;
 * then whoever can spare something gives to those who still have too little.
 */
export const stages: readonly Stage[] = [
  { gives: ({ most }) => most, takes: ({ least }) => least },
  { gives: ({ most }) => most, takes: ({ most }) => most },
  { gives: ({ least }) => least, takes: ({ least }) => least },
];

/** `transfers` are tried in this order: the cheaper kind first. */
export function* level(ranges: readonly Range[], stage: Stage, transfers: readonly Transfers[]): Steps<void> {
  for (const kind of transfers) while (yield* moveOne(ranges, stage, kind));
}

/**
 * All steps of a shortest path may be done together, although each was judged alone: two of one shard that were in each
 * other's way would leave a shorter path, from the giver of the first to the taker of the second.
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
