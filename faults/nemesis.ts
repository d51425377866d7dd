/**
 * A kind of fault: how to begin one, and how it ends. The schedule (rounds.ts) decides when and which, from a seed; whom
 * it hits depends on who is primary then.
 */
import type { FaultCluster } from './fault-cluster.js';
import type { FaultNode } from './fault-node.js';

/**
 * What may be done at once. Nodes keep their data in memory, so ending a process loses what it holds; the in-sync set may
 * at that moment consist of that node alone if others were cut off, and then the data is gone by design.
 * - `ends a process`: one at a time, and never beside a cut
 * - `cuts links`: beside others of its kind and `elsewhere`
 * - `elsewhere`: beside anything but `alone`
 * - `alone`: ends several processes, or the way of all to ZooKeeper while one is away
 */
export type Company = 'ends a process' | 'cuts links' | 'elsewhere' | 'alone';

export interface FaultContext {
  readonly cluster: FaultCluster;
  readonly random: () => number;
  /** Nodes that another fault of the same round has hit. */
  readonly hit: Set<FaultNode>;
  readonly print: (line: string) => void;
}

export interface ActiveFault {
  /** For people: what was done to whom. */
  readonly what: string;
  heal(): Promise<void>;
}

export interface Nemesis {
  readonly name: string;
  readonly company: Company;
  readonly needs?: 'links between nodes' | 'an ensemble';
  /** How long the fault lasts, from and to. */
  readonly holdMs: readonly [number, number];
  /** @returns undefined if there is nobody to hit at the moment. */
  inject(context: FaultContext): Promise<ActiveFault | undefined>;
}

export type Role = 'primary' | 'backup' | 'any';

/** Takes a node that is not hit yet, and marks it. */
export async function pickVictim({ cluster, random, hit }: FaultContext, role: Role): Promise<FaultNode | undefined> {
  const primary = role === 'any' ? undefined : await cluster.primary();
  if (role !== 'any' && primary === undefined) return undefined;
  const fits = (node: FaultNode): boolean => role === 'any' || (node === primary) === (role === 'primary');
  const victim = pickOne(
    cluster.nodes.filter((node) => !hit.has(node) && fits(node)),
    random,
  );
  if (victim !== undefined) hit.add(victim);
  return victim;
}

export function pickOne<Item>(items: readonly Item[], random: () => number): Item | undefined {
  return items[Math.floor(random() * items.length)];
}

export function between([from, to]: readonly [number, number], random: () => number): number {
  return from + (to - from) * random();
}
