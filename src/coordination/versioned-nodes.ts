/**
 * The list of live nodes with the version that clients compare. The version never falls, even if ZooKeeper loses its
 * data.
 *
 * The version is ZooKeeper's count of registrations and marks of draining nodes created or deleted, plus a base that the znode `nodes` holds. A
 * node that knows a higher version than this sum raises the base by compare-and-set. So all nodes, even new ones,
 * report the same version.
 */
import type { Logger } from 'pino';
import { type RegisteredNode, readNodes } from './node-reader.js';
import { anyVersion, returnCodes, type ZnodeClient, ZnodeError } from './znode-client.js';
import { encode, parseNodesParent } from './znode-data.js';
import { ensurePath } from './znode-paths.js';

export interface VersionedNodeList {
  readonly nodes: readonly RegisteredNode[];
  /** The nodes that are marked as draining, registered or not. */
  readonly drainingIds: readonly string[];
  /** Grows with every registration, and every mark of a draining node, that is created or deleted. */
  readonly version: number;
}

export class VersionedNodes {
  readonly #client: ZnodeClient;
  readonly #path: string;
  readonly #logger: Logger;
  readonly #beforeWriting: () => Promise<void>;
  /** The highest version that this node has read. */
  #known = 0;

  /** @param beforeWriting rejects with a ZnodeError while nothing may be written */
  constructor(client: ZnodeClient, path: string, logger: Logger, beforeWriting: () => Promise<void>) {
    this.#client = client;
    this.#path = path;
    this.#logger = logger;
    this.#beforeWriting = beforeWriting;
  }

  /**
   * Reads and watches all nodes. @throws ZnodeError if ZooKeeper did not answer, or another node has just raised the
   * base
   */
  async read(): Promise<VersionedNodeList> {
    let list = await this.#look();
    if (list.version < this.#known) {
      // The version may be low only because the server lags.
      await this.#client.sync(this.#path);
      list = await this.#look();
    }
    if (list.version < this.#known) list = await this.#raise();
    this.#known = list.version;
    return list;
  }

  async #look(): Promise<VersionedNodeList> {
    // Read first: if the base is raised after this read, the version is only too low, and the watch causes the next
    // reading.
    const { base } = await this.#readBase();
    const { nodes, drainingIds, childVersion } = await readNodes(this.#client, this.#path, true, this.#logger);
    return { nodes, drainingIds, version: base + childVersion };
  }

  async #raise(): Promise<VersionedNodeList> {
    await this.#beforeWriting();
    await ensurePath(this.#client, this.#path);
    const { base, znodeVersion } = await this.#readBase();
    const next = { versionBase: this.#known + 1 };
    if (base <= this.#known) {
      const result = await this.#client.set(this.#path, encode(next), znodeVersion);
      if (result.kind !== 'set') throw new ZnodeError(`set ${this.#path}`, returnCodes.badVersion, 'no');
      this.#logger.warn(
        { path: this.#path, ...next },
        'ZooKeeper had lost the version of the list of nodes; this node wrote it back',
      );
    }
    return this.#look();
  }

  async #readBase(): Promise<{ readonly base: number; readonly znodeVersion: number }> {
    const znode = await this.#client.get(this.#path, { watch: true });
    if (znode === undefined) return { base: 0, znodeVersion: anyVersion };
    const znodeVersion = znode.stat.version;
    try {
      return { base: parseNodesParent(znode.data).versionBase, znodeVersion };
    } catch (error) {
      this.#logger.error({ path: this.#path, err: error }, 'malformed znode ignored');
      return { base: 0, znodeVersion };
    }
  }
}
