/** The members: the nodes of one computation, as indexes in an order that is the same on every node, and their fair shares. */
import { ceilingOf, dividedBy, type Fraction, fairShares, floorOf } from './fair-share.js';
import type { NodeId, PlacementNode, PlacementRules } from './placement.js';

/** The least and the most of a count, both allowed. */
export interface Range {
  readonly least: number;
  readonly most: number;
}

export interface Members {
  /** Sorted. The index in this list identifies a member everywhere else. */
  readonly ids: readonly NodeId[];
  readonly weights: readonly number[];
  /** The zone of each member, as an index into `zoneRanges`. */
  readonly zones: readonly number[];
  /** How many copies of one shard each zone holds. */
  readonly zoneRanges: readonly Range[];
  /** Copies of each shard: `rules.replicas`, or fewer if there are fewer nodes. */
  readonly copies: number;
  /** How many shards each member holds, and for how many it is preferred primary: floor and ceiling of its fair share. */
  readonly loads: readonly Range[];
  readonly primaries: readonly Range[];
}

export function membersOf(nodes: readonly PlacementNode[], rules: PlacementRules): Members {
  const sorted = [...nodes].sort((one, other) => (one.id < other.id ? -1 : 1));
  const zoneNames = [...new Set(sorted.map(({ zone = '' }) => zone))].sort();
  const zones = sorted.map(({ zone = '' }) => zoneNames.indexOf(zone));
  const weights = sorted.map(({ weight = 1 }) => weight);
  const copies = Math.min(rules.replicas, sorted.length);
  const sizes = zoneNames.map((_, zone) => zones.filter((other) => other === zone).length);
  const zoneRanges = zoneRangesOf(sizes, copies);
  const dues = duesOf({ weights, zones, zoneRanges }, copies, rules.shardCount);
  return {
    ids: sorted.map(({ id }) => id),
    weights,
    zones,
    zoneRanges,
    copies,
    loads: dues.map(rangeOf),
    primaries: dues.map((due) => rangeOf(dividedBy(due, copies))),
  };
}

/**
 * The most even spread that the sizes of the zones allow. Take the smallest level at which there is room for all copies. Each
 * zone holds that many copies of a shard, or one fewer, or as many as it has nodes. With as many zones as copies, that is one.
 */
function zoneRangesOf(sizes: readonly number[], copies: number): Range[] {
  const roomAt = (level: number): number => sizes.reduce((room, size) => room + Math.min(size, level), 0);
  let level = 1;
  while (roomAt(level) < copies) level += 1;
  return sizes.map((size) => ({ least: Math.min(size, level - 1), most: Math.min(size, level) }));
}

/**
 * The fair shares: by weight among the zones, then by weight within each zone. Zones take precedence: a zone that must hold a
 * copy of every shard holds it, however few nodes it has. All members can have their shares at once, each rounded up or down.
 * That follows from the integrality of flows, because the shares are a solution in fractions.
 */
function duesOf(
  { weights, zones, zoneRanges }: Pick<Members, 'weights' | 'zones' | 'zoneRanges'>,
  copies: number,
  shardCount: number,
): Fraction[] {
  const members = zoneRanges.map((_, zone) => weights.flatMap((_, member) => (zones[member] === zone ? [member] : [])));
  const zoneClaims = zoneRanges.map(({ least, most }, zone) => ({
    weight: members[zone]!.reduce((total, member) => total + weights[member]!, 0),
    least: least * shardCount,
    most: most * shardCount,
  }));
  const dues = new Array<Fraction>(weights.length);
  for (const [zone, { numerator, denominator }] of fairShares(copies * shardCount, zoneClaims).entries()) {
    const claims = members[zone]!.map((member) => ({ weight: weights[member]!, least: 0, most: shardCount * denominator }));
    for (const [at, share] of fairShares(numerator, claims).entries()) dues[members[zone]![at]!] = dividedBy(share, denominator);
  }
  return dues;
}

function rangeOf(due: Fraction): Range {
  return { least: floorOf(due), most: ceilingOf(due) };
}
