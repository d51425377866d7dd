/**
 * Measures the cost of zones: the copies that one node more or less moves, since the share of its zone changes as
 * well.
 */
import { type Placement, type PlacementNode, type PlacementRules, place } from '../../src/placement/index.js';

const smallestCluster = 4;
const largestCluster = 30;

/** The ways to distribute nodes over zones. Each function returns the zone of a node. */
const shapes: Readonly<Record<string, (node: number, nodeCount: number, zoneCount: number) => number>> = {
  'one zone': () => 0,
  'dealt out in turn': (node, _, zoneCount) => node % zoneCount,
  'half the nodes in one zone': (node, nodeCount, zoneCount) => (node < nodeCount / 2 ? 0 : node % zoneCount),
};

/** One row for each way to distribute nodes over two to five zones: the moved copies as a multiple of the ideal. */
export function zoneCosts(rules: PlacementRules, movedCopies: (before: Placement, after: Placement) => number): string[] {
  return Object.entries(shapes).map(([shape, zoneOf]) => {
    const more: number[] = [];
    const less: number[] = [];
    for (let nodeCount = smallestCluster; nodeCount <= largestCluster; nodeCount++)
      for (let zoneCount = 2; zoneCount <= Math.min(5, nodeCount); zoneCount++) {
        const nodes = Array.from({ length: nodeCount }, (_, node): PlacementNode => {
          return { id: `node-${node}.example:9090`, zone: `zone-${zoneOf(node, nodeCount, zoneCount)}` };
        });
        const ideal = (rules.shardCount * rules.replicas) / nodeCount;
        const all = place(undefined, nodes, rules);
        // A node of the first zone, one in the middle, and the last node.
        for (const at of [0, Math.floor(nodeCount / 2), nodeCount - 1]) {
          const rest = nodes.toSpliced(at, 1);
          const without = place(undefined, rest, rules);
          more.push(movedCopies(without, place(without, nodes, rules)) / ideal);
          less.push(movedCopies(all, place(all, rest, rules)) / ideal);
        }
      }
    return `| ${shape} | ${more.length} | ${spread(more)} | ${spread(less)} |`;
  });
}

function spread(ratios: readonly number[]): string {
  const sorted = ratios.toSorted((one, other) => one - other);
  return [0.5, 0.9, 1].map((part) => sorted[Math.floor(part * (sorted.length - 1))]!.toFixed(2)).join(' / ');
}
