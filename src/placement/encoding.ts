/**
 * The content of the znode `placement`: compact JSON, so that an operator can read it there. Nodes are listed once, and shards
 * name them by index. 16,384 shards with three copies on 1,000 nodes take some 300 KB of ZooKeeper's 1 MB.
 *
 *     {"format":1,"version":7,"nodes":["a:9090","b:9090"],"shards":[[0,1],[1,0]]}
 */
import { mostNodes, mostReplicas, mostShards, type NodeId, type Placement, PlacementError } from './placement.js';

const format = 1;

export function encodePlacement({ version, shards }: Placement): string {
  const nodes = [...new Set(shards.flat())].sort();
  const indexes = new Map(nodes.map((id, index) => [id, index]));
  return JSON.stringify({ format, version, nodes, shards: shards.map((ids) => ids.map((id) => indexes.get(id))) });
}

/**
 * Accepts exactly the text that `encodePlacement` writes. A node that half understood a placement would leave or take the wrong
 * shards.
 *
 * @param shardCount of the cluster, if known: a placement with another number of shards belongs to another cluster
 * @throws PlacementError for any other text
 */
export function decodePlacement(text: string, shardCount?: number): Placement {
  const content = parse(text);
  if (!isObject(content)) throw unreadable('it is not a JSON object');
  if (content.format !== format)
    throw unreadable(`its format is ${JSON.stringify(content.format)}, this program knows ${format} only`);
  const { version, nodes, shards } = content;
  if (!Number.isSafeInteger(version) || (version as number) < 1) throw unreadable('its version is not a positive integer');
  if (!isListOf(nodes, isId, mostNodes)) throw unreadable('its nodes are not a list of ids');
  const holds = (ids: unknown): ids is number[] => isListOf(ids, (index) => isIndex(index, nodes.length), mostReplicas);
  if (!isListOf(shards, holds, mostShards)) throw unreadable('its shards are not lists of one node or more each');
  if (shardCount !== undefined && shards.length !== shardCount)
    throw unreadable(`it has ${shards.length} shards, the cluster ${shardCount}; their number never changes`);
  const placement = { version: version as number, shards: shards.map((ids) => ids.map((index) => nodes[index]!)) };
  if (placement.shards.some((ids) => new Set(ids).size < ids.length)) throw unreadable('it has a shard on one node twice');
  // Catches unknown fields, unused or unsorted nodes and the like.
  if (encodePlacement(placement) !== text) throw unreadable('it is not written the way this program writes it');
  return placement;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable('it is not JSON', cause);
  }
}

function isObject(content: unknown): content is Record<string, unknown> {
  return typeof content === 'object' && content !== null && !Array.isArray(content);
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T, most: number): value is T[] {
  return Array.isArray(value) && value.length > 0 && value.length <= most && value.every(isItem);
}

function isId(value: unknown): value is NodeId {
  return typeof value === 'string' && value !== '';
}

function isIndex(value: unknown, count: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < count;
}

function unreadable(reason: string, cause?: unknown): PlacementError {
  return new PlacementError(
    `the placement cannot be read: ${reason}. No data is touched and every shard stays where it is; ` +
      'run the version of kvnode that wrote it, or restore the znode',
    { cause },
  );
}
