/**
 * `npm run bench:placement`: measures how even a placement is, how many copies one node more or less moves, and the
 * time and space that a placement takes. It prints the table of docs/placement.md. Only the times depend on the
 * machine.
 */
import { createHash } from 'node:crypto';
import { encodePlacement, type Placement, type PlacementNode, type PlacementRules, place } from '../../src/placement/index.js';
import { zoneCosts } from './zone-cost.js';

const replicas = 3;
const vnodes = 64;
const nodeCounts = [3, 4, 10, 30, 100, 300, 1_000];
const shardCounts = [16, 256, 4_096, 16_384];
const zoneCount = 3;

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

function nodesOf(count: number, zoned: boolean): PlacementNode[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `node-${index}.example:9090`,
    zone: zoned ? `zone-${index % zoneCount}` : undefined,
  }));
}

function timed(compute: () => Placement): { readonly placement: Placement; readonly computeMs: number } {
  const startMs = performance.now();
  const placement = compute();
  return { placement, computeMs: performance.now() - startMs };
}

function loadRange({ shards }: Placement, nodes: readonly PlacementNode[]): string {
  const loads = new Map(nodes.map(({ id }) => [id, 0]));
  for (const id of shards.flat()) loads.set(id, loads.get(id)! + 1);
  return `${Math.min(...loads.values())} to ${Math.max(...loads.values())}`;
}

/** The number of copies that must be made. */
function movedCopies(before: Placement, after: Placement): number {
  return after.shards.flatMap((ids, shard) => ids.filter((id) => !before.shards[shard]!.includes(id))).length;
}

function row(nodeCount: number, shardCount: number, zoned: boolean): string {
  const rules: PlacementRules = { shardCount, replicas, vnodes, sha256 };
  const nodes = nodesOf(nodeCount, zoned);
  const more = nodesOf(nodeCount + 1, zoned);
  const first = timed(() => place(undefined, nodes, rules));
  const grown = timed(() => place(first.placement, more, rules));
  const shrunk = timed(() => place(grown.placement, nodes, rules));
  const copies = shardCount * replicas;
  const shareOf = (placement: Placement, before: Placement): string => {
    const moved = movedCopies(before, placement);
    return `${moved} (${(moved / (copies / more.length)).toFixed(2)})`;
  };
  return [
    ...[nodeCount, shardCount, (copies / nodeCount).toFixed(1), loadRange(first.placement, nodes)],
    ...[shareOf(grown.placement, first.placement), shareOf(shrunk.placement, grown.placement)],
    ...[first, grown, shrunk].map(({ computeMs }) => computeMs.toFixed(computeMs < 10 ? 1 : 0)),
    Buffer.byteLength(encodePlacement(first.placement)),
  ].join(' | ');
}

for (const zoned of [false, true]) {
  process.stdout.write(`\n${zoned ? `Nodes in ${zoneCount} zones` : 'Without zones'}, ${replicas} copies, ${vnodes} vnodes:\n\n`);
  process.stdout.write(
    '| nodes | shards | ideal load | loads | moved by a node more (x ideal) | by a node less (x ideal) | first, ms | more, ms | less, ms | bytes |\n',
  );
  process.stdout.write('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n');
  for (const nodeCount of nodeCounts)
    for (const shardCount of shardCounts) process.stdout.write(`| ${row(nodeCount, shardCount, zoned)} |\n`);
}

process.stdout.write('\nA node more and a node less, of 4 to 30 nodes and 2 to 5 zones, 256 shards: copies moved, x ideal\n\n');
process.stdout.write(
  '| zones | changes each | more: median / p90 / max | less: median / p90 / max |\n| --- | --- | --- | --- |\n',
);
const rules: PlacementRules = { shardCount: 256, replicas, vnodes, sha256 };
for (const line of zoneCosts(rules, movedCopies)) process.stdout.write(`${line}\n`);
