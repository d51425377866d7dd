/** Chooses what happens after a loss of power: which nodes start again, in which order, and when power is lost once more. Pure. */
import { between } from './nemesis.js';

export interface PlannedStart<Node> {
  readonly node: Node;
  /** The pause since the start before it, or since power is back. */
  readonly afterMs: number;
}

/** What follows one loss of power. Nodes that are not started stay without power until after the next loss. */
export interface PowerLoss<Node> {
  readonly starts: readonly PlannedStart<Node>[];
  /** The time from the last start to the next loss. After the last loss: 0. */
  readonly upMs: number;
}

/** Most nodes follow at once, so that several recover and join at the same time. */
const soonMs = [0, 800] as const;
/** The upper end is longer than a session, so the nodes before it may serve and take it out of the in-sync set. */
const lateMs = [2_000, 8_000] as const;
const chanceOfLate = 0.3;
/**
 * From a loss in the middle of a recovery to one that comes after the nodes that are off have been taken out of the set, and
 * new writes have been acknowledged without them.
 */
const upRangeMs = [0, 10_000] as const;

/**
 * @param losses from 1. After each but the last, a random part of the nodes starts, at least one; after the last, all
 * do
 */
export function planPowerLosses<Node>(nodes: readonly Node[], losses: number, random: () => number): PowerLoss<Node>[] {
  return Array.from({ length: losses }, (_, index) => {
    const isLast = index === losses - 1;
    const count = isLast ? nodes.length : 1 + Math.floor(random() * nodes.length);
    const starts = shuffled(nodes, random)
      .slice(0, count)
      .map((node) => ({ node, afterMs: between(random() < chanceOfLate ? lateMs : soonMs, random) }));
    return { starts, upMs: isLast ? 0 : between(upRangeMs, random) };
  });
}

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const left = [...items];
  return items.map(() => left.splice(Math.floor(random() * left.length), 1)[0]!);
}
