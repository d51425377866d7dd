/** Finds the addresses of the nodes for a client of the store. */
import { KvError } from '../errors.js';
import { withZookeeper } from './brief-session.js';
import { latestById, readNodes } from './node-reader.js';
import type { ZnodeClient } from './znode-client.js';
import type { ZnodePaths } from './znode-paths.js';

/**
 * The addresses of the live nodes, in order of registration; none if there is no cluster.
 * @throws KvError COORDINATION_UNAVAILABLE naming `zk` if there is no answer within `timeoutMs`; INVALID_OPTION
 */
export async function discoverNodes(zk: string, root: string, timeoutMs: number): Promise<string[]> {
  try {
    return await withZookeeper({ zk, root, timeoutMs }, 'no', addressesOf);
  } catch (error) {
    throw inWordsOfOptions(error);
  }
}

/** Replaces the flag in the message by the option's name, since the caller is a library without flags. */
function inWordsOfOptions(error: unknown): unknown {
  if (!(error instanceof KvError)) return error;
  return new KvError(error.code, error.message.replace(/--(?=(zk|root)\b)/, ''), { cause: error });
}

export async function addressesOf(client: ZnodeClient, paths: ZnodePaths): Promise<string[]> {
  const nodes = latestById((await readNodes(client, paths.nodes, false, undefined)).nodes);
  return [...new Set(nodes.map((node) => node.address))];
}
