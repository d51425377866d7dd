/**
 * The readings of the znodes that concern the whole cluster: `config`, the nodes and `placement`. Each is repeated when something at
 * its path changes.
 *
 * Nodes and `placement` are read once this node has registered. What is read is reported only while ZooKeeper is known to serve the
 * node's own cluster.
 */
import type { Logger } from 'pino';
import type { Placement } from '../placement/index.js';
import { CoalescedTask } from './coalesced-task.js';
import type { CoordinatorListener, WriteOutcome } from './coordinator.js';
import { latestById, registrationOf } from './node-reader.js';
import type { OwnNode } from './own-node.js';
import { PlacementReader } from './placement-reader.js';
import type { VerifiedSession } from './verified-session.js';
import { VersionedNodes } from './versioned-nodes.js';
import type { ZnodeClient } from './znode-client.js';
import { parentOf, type ZnodePaths } from './znode-paths.js';

export interface ClusterReadingsOptions {
  readonly paths: ZnodePaths;
  readonly session: VerifiedSession;
  readonly logger: Logger;
  readonly listener: Pick<CoordinatorListener, 'onNodes' | 'onPlacement'>;
  /** Writes a lost placement back. */
  writePlacement(expectedVersion: number | undefined, known: Placement): Promise<WriteOutcome>;
}

export class ClusterReadings {
  readonly #options: ClusterReadingsOptions;
  readonly #nodes: VersionedNodes;
  readonly #placement: PlacementReader;
  /** By the path that they read. */
  readonly #readings = new Map<string, CoalescedTask>();

  constructor(client: ZnodeClient, options: ClusterReadingsOptions) {
    const { paths, session, logger, listener } = options;
    this.#options = options;
    this.#nodes = new VersionedNodes(client, paths.nodes, logger, () => session.confirm());
    this.#placement = new PlacementReader(client, {
      path: paths.placement,
      logger,
      listener: { onPlacement: (read) => session.isVerified && listener.onPlacement(read) },
      shardCount: () => session.agreed?.shards,
      writeBack: async (expectedVersion, known) => {
        await session.confirm();
        return options.writePlacement(expectedVersion, known);
      },
    });
    this.#readings.set(paths.config, new CoalescedTask(() => session.check()));
  }

  /** Nodes and `placement` are read from now on. */
  registered(node: OwnNode): void {
    const { paths } = this.#options;
    this.#readings.set(paths.placement, this.#placement.reading);
    this.#readings.set(paths.nodes, new CoalescedTask(() => this.#readNodes(node)));
  }

  /** The reading that a change at this path concerns. */
  at(path: string): CoalescedTask | undefined {
    return this.#readings.get(path) ?? this.#readings.get(parentOf(path));
  }

  /** The reading of `placement`, which syncs first: the server may lag. */
  syncedPlacement(): CoalescedTask {
    this.#placement.syncFirst();
    return this.#placement.reading;
  }

  /** The readings of nodes and `placement`. They sync first: a new connection may be to a server that lags. */
  synced(): CoalescedTask[] {
    const { paths } = this.#options;
    this.#placement.syncFirst();
    return [paths.nodes, paths.placement].flatMap((path) => this.#readings.get(path) ?? []);
  }

  async #readNodes(node: OwnNode): Promise<void> {
    const { nodes, drainingIds, version } = await this.#nodes.read();
    const { session, listener } = this.#options;
    if (!session.mayReport) return;
    node.learn(nodes);
    listener.onNodes(latestById(nodes).map(registrationOf), version, drainingIds);
  }
}
