/** Finds the addresses of the nodes for a client of the store. */
import { locateRoot } from '../config/index.js';
import { KvError } from '../errors.js';
import { latestById, readNodes } from './node-reader.js';
import { type ZnodeClient, ZnodeError } from './znode-client.js';
import { ZnodePaths } from './znode-paths.js';
import { ZookeeperClient } from './zookeeper/zookeeper-client.js';

/** Any session timeout will do, since a client registers nothing. A server may raise it. */
const sessionMs = 4_000;

/**
 * The addresses of the live nodes, in order of registration; none if there is no cluster.
 * @throws KvError COORDINATION_UNAVAILABLE naming `zk` if there is no answer within `timeoutMs`; INVALID_OPTION
 */
export async function discoverNodes(zk: string, root: string, timeoutMs: number): Promise<string[]> {
  try {
    return await discover(zk, root, timeoutMs);
  } catch (error) {
    throw inWordsOfOptions(error);
  }
}

/** Replaces the flag in the message by the option's name, since the caller is a library without flags. */
function inWordsOfOptions(error: unknown): unknown {
  if (!(error instanceof KvError)) return error;
  return new KvError(error.code, error.message.replace(/--(?=(zk|root)\b)/, ''), { cause: error });
}

async function discover(zk: string, root: string, timeoutMs: number): Promise<string[]> {
  const location = locateRoot(zk, root);
  const deadlineMs = performance.now() + timeoutMs;
  const client = await ZookeeperClient.connect({ servers: location.servers, sessionMs, startupTimeoutMs: timeoutMs });
  const remainingMs = Math.max(1, deadlineMs - performance.now());
  // Closing the client rejects every pending request.
  const timer = setTimeout(() => void client.close(), remainingMs);
  try {
    return await addressesOf(client, new ZnodePaths(location.root));
  } catch (cause) {
    if (!(cause instanceof ZnodeError)) throw cause;
    throw new KvError('COORDINATION_UNAVAILABLE', `ZooKeeper at --zk ${zk} stopped answering`, { cause });
  } finally {
    clearTimeout(timer);
    await client.close();
  }
}

export async function addressesOf(client: ZnodeClient, paths: ZnodePaths): Promise<string[]> {
  const nodes = latestById((await readNodes(client, paths.nodes, false, undefined)).nodes);
  return [...new Set(nodes.map((node) => node.address))];
}
