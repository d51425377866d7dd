/** A coordinator that is connected to a real ZooKeeper. */
import type { Logger } from 'pino';
import { locateRoot } from '../config/index.js';
import type { FormatRange } from '../formats.js';
import type { Coordinator, CoordinatorListener } from './coordinator.js';
import { ZookeeperClient } from './zookeeper/zookeeper-client.js';
import { ZookeeperCoordinator } from './zookeeper-coordinator.js';

export interface ConnectCoordinatorOptions {
  /** `host:port[,host:port]…[/chroot]`; a chroot is created if it is missing. */
  readonly connect: string;
  /** Root znode, such as /kvstore; created if it is missing. */
  readonly root: string;
  /** Session timeout, which the server may change, and the timeout of each request. */
  readonly sessionMs: number;
  /** How long to wait for the first connection. */
  readonly startupTimeoutMs: number;
  /** The formats that the node supports. */
  readonly formats: FormatRange;
  readonly logger: Logger;
}

/**
 * Resolves once connected; `onSession` reports every later change.
 * @throws KvError COORDINATION_UNAVAILABLE naming the servers that did not answer; INVALID_OPTION
 */
export async function connectCoordinator(
  options: ConnectCoordinatorOptions,
  listener: CoordinatorListener,
): Promise<Coordinator> {
  const { sessionMs, startupTimeoutMs, formats, logger } = options;
  const { servers, root } = locateRoot(options.connect, options.root);
  const client = await ZookeeperClient.connect({ servers, sessionMs, startupTimeoutMs });
  return new ZookeeperCoordinator(client, { root, sessionMs, formats, logger }, listener);
}
