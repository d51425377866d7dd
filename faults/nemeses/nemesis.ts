/**
 * The interface of a kind of fault: its beginning and its end. The schedule (schedule.ts) chooses faults and times
 * from a seed. The victim also depends on the primary at that moment.
 */
import type { FaultCluster } from '../cluster/fault-cluster.js';
import type { FaultNode } from '../cluster/fault-node.js';

/**
 * Which faults may be combined. Nodes keep their data in memory, so the end of a process loses its data. If cuts have
 * shrunk the in-sync set to that node, the data is gone by design.
 * - `ends a process`: never with another of its kind or with a cut
 * - `cuts links`: with others of its kind and with `elsewhere`
 * - `elsewhere`: with anything but `alone`
 * - `alone`: never combined, since it ends several processes, or all connections to ZooKeeper while a node is away
 */
export type Company = 'ends a process' | 'cuts links' | 'elsewhere' | 'alone';

export interface FaultContext {
  readonly cluster: FaultCluster;
  readonly random: () => number;
  /** Nodes that faults of the same round have hit. */
  readonly hit: Set<FaultNode>;
  readonly print: (line: string) => void;
}

export interface ActiveFault {
  /** The fault and its victims, for people. */
  readonly what: string;
  heal(): Promise<void>;
}

export interface Nemesis {
  readonly name: string;
  readonly company: Company;
  readonly needs?: 'links between nodes' | 'an ensemble';
  /** The range of the fault's duration. */
  readonly holdMs: readonly [number, number];
  /** @returns undefined if no node can be hit at the moment */
  inject(context: FaultContext): Promise<ActiveFault | undefined>;
}

export type NodeRole = 'primary' | 'backup' | 'any';

/** Chooses a node that is not hit yet, and marks it as hit. */
export async function pickVictim({ cluster, random, hit }: FaultContext, role: NodeRole): Promise<FaultNode | undefined> {
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
