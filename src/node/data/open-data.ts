/** Opens what a node keeps of its shards: in memory, or in its data directory. */
import type { ClusterConfig } from '../../coordination/index.js';
import type { DataFolder } from './data-folder.js';
import { unusable } from './folder-error.js';
import { MemoryData, type NodeData } from './node-data.js';

/** @param folder undefined: the data lives in memory. The data closes it. @throws KvError DATA_UNAVAILABLE */
export async function openData(folder: DataFolder | undefined, nodeId: string, config: ClusterConfig): Promise<NodeData> {
  if (folder === undefined) return new MemoryData(config.shards);
  await folder.claim({ nodeId, cluster: config });
  throw unusable(folder.path, 'this version keeps no data on disk yet');
}
