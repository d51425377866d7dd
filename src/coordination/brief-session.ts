/** A session with ZooKeeper for one piece of work of a client or a tool, which registers nothing. */
import { locateRoot } from '../config/index.js';
import { type Executed, KvError } from '../errors.js';
import { type ZnodeClient, ZnodeError } from './znode-client.js';
import { ZnodePaths } from './znode-paths.js';
import { ZookeeperClient } from './zookeeper/zookeeper-client.js';

/** Any session timeout will do, since nothing is registered. A server may raise it. */
const sessionMs = 4_000;

export interface ClusterPlaceInZookeeper {
  /** Connection string, `host:port[,host:port]…[/chroot]`. */
  readonly zk: string;
  /** Root znode. */
  readonly root: string;
  /** The limit of the whole work. */
  readonly timeoutMs: number;
}

/**
 * @param executed whether the work may have changed something when ZooKeeper stops answering
 * @throws KvError COORDINATION_UNAVAILABLE if ZooKeeper does not answer within `timeoutMs`; INVALID_OPTION; what `work`
 *   throws
 */
export async function withZookeeper<Result>(
  { zk, root, timeoutMs }: ClusterPlaceInZookeeper,
  executed: Executed,
  work: (client: ZnodeClient, paths: ZnodePaths) => Promise<Result>,
): Promise<Result> {
  const location = locateRoot(zk, root);
  const deadlineMs = performance.now() + timeoutMs;
  const client = await ZookeeperClient.connect({ servers: location.servers, sessionMs, startupTimeoutMs: timeoutMs });
  // Closing the client rejects every pending request.
  const timer = setTimeout(() => void client.close(), Math.max(1, deadlineMs - performance.now()));
  try {
    return await work(client, new ZnodePaths(location.root));
  } catch (cause) {
    if (!(cause instanceof ZnodeError)) throw cause;
    throw new KvError('COORDINATION_UNAVAILABLE', `ZooKeeper at --zk ${zk} stopped answering`, { cause, executed });
  } finally {
    clearTimeout(timer);
    await client.close();
  }
}
