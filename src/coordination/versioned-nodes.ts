/**
 * The list of live nodes with the version that clients compare, which never falls, also where ZooKeeper has lost its data.
 *
 * The version is ZooKeeper's own count of registrations that came or went, plus a base that the znode `nodes` holds. A node
 * that knows a higher version than this sum raises the base, by compare-and-set. So all nodes, also new ones, report the same.
 */
import type { Logger } from 'pino';
import { type RegisteredNode, readNodes } from './node-reader.js';
import { anyVersion, returnCodes, type ZnodeClient, ZnodeError } from './znode-client.js';
import { encode, parseNodesParent } from './znode-data.js';
import { ensurePath } from './znode-paths.js';

export interface VersionedNodeList {
  readonly nodes: readonly RegisteredNode[];
  /** Grows with every registration that comes or goes. */
  readonly version: number;
}

export class VersionedNodes {
  readonly #client: ZnodeClient;
  readonly #path: string;
  readonly #logger: Logger;
  readonly #beforeWriting: () => Promise<void>;
  /** The highest version that was read. */
  #known = 0;

  /** @param beforeWriting rejects with a ZnodeError where nothing may be written now */
  constructor(client: ZnodeClient, path: string, logger: Logger, beforeWriting: () => Promise<void>) {
    this.#client = client;
    this.#path = path;
    this.#logger = logger;
    this.#beforeWriting = beforeWriting;
  }

  /** All nodes, watched. @throws ZnodeError if ZooKeeper did not answer, or another node has just raised the base */
  async read(): Promise<VersionedNodeList> {
    let list = await this.#look();
    if (list.version < this.#known) {
      // The server may only lag.
      await this.#client.sync(this.#path);
      list = await this.#look();
    }
    if (list.version < this.#known) list = await this.#raise();
    this.#known = list.version;
    return list;
  }

  async #look(): Promise<VersionedNodeList> {
    // First: a base that was raised after it only makes the version too low, and the watch brings the next reading.
    const { base } = await this.#readBase();
    const { nodes, childVersion } = await readNodes(this.#client, this.#path, true, this.#logger);
    return { nodes, version: base + childVersion };
  }

  async #raise(): Promise<VersionedNodeList> {
    await this.#beforeWriting();
    await ensurePath(this.#client, this.#path);
    const { base, znodeVersion } = await this.#readBase();
    const next = { versionBase: this.#known + 1 };
    if (base <= this.#known) {
      const result = await this.#client.set(this.#path, encode(next), znodeVersion);
      if (result.kind !== 'set') throw new ZnodeError(`set ${this.#path}`, returnCodes.badVersion, 'no');
      this.#logger.warn({ path: this.#path, ...next }, 'ZooKeeper had lost the version of the list of nodes: written back');
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
      this.#logger.error({ path: this.#path, err: error }, 'znode left out of account');
      return { base: 0, znodeVersion };
    }
  }
}
