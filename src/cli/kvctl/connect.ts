/** Connects kvctl to its cluster. */
import type { KvClient } from '../../client/index.js';
import { type ConnectionOptions, namedNodes } from './named-nodes.js';

async function targetOf(options: ConnectionOptions) {
  const nodes = namedNodes(options, process.env);
  if (nodes !== undefined) return { nodes };
  const { chooseTarget } = await import('./choose-target.js');
  return chooseTarget(options, process.env);
}

/** Describes what `connect` waits for. @throws KvError INVALID_OPTION */
export async function describeConnecting(options: ConnectionOptions): Promise<string> {
  const target = await targetOf(options);
  if ('nodes' in target) return `no node has answered yet at ${target.nodes.join(', ')}`;
  return `no node under ${target.root} has answered yet; their addresses come from ZooKeeper at ${target.zk}`;
}

export async function connect(options: ConnectionOptions, deadlineMs: number): Promise<KvClient> {
  const target = await targetOf(options);
  const { KvClient } = await import('../../client/index.js');
  return KvClient.connect({ ...target, deadlineMs });
}
