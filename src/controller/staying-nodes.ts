/** Which nodes hold shards while others drain. Pure. */

interface NamedNode {
  readonly nodeId: string;
}

/**
 * The nodes that do not drain. If they are fewer than the copies of a shard, as many draining nodes as are missing keep their share as
 * well: the number of copies outranks a drain. Draining nodes that hold shards already are chosen first, then those with the lowest id.
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
