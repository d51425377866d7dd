/** Which nodes hold shards while others drain. Pure. */

interface NamedNode {
  readonly nodeId: string;
}

/**
 * The nodes that do not drain. While these are fewer than the copies of a shard, draining nodes keep their share as well, as many
 * as are missing: the number of copies outranks a drain. Nodes that hold shards already come first, then those with the lowest id.
 */
export function stayingNodes<Node extends NamedNode>(
  nodes: readonly Node[],
  drainingIds: ReadonlySet<string>,
  placedIds: ReadonlySet<string>,
  replicas: number,
): readonly Node[] {
  const draining = nodes.filter(({ nodeId }) => drainingIds.has(nodeId));
  if (draining.length === 0) return nodes;
  const missing = Math.max(0, replicas - (nodes.length - draining.length));
  const rank = ({ nodeId }: Node): number => (placedIds.has(nodeId) ? 0 : 1);
  const kept = draining.sort((one, other) => rank(one) - rank(other) || (one.nodeId < other.nodeId ? -1 : 1)).slice(0, missing);
  return nodes.filter((node) => !drainingIds.has(node.nodeId) || kept.includes(node));
}
