/**
 * Creates the folders below which the candidates of a shard register.
 *
 * In a new cluster with thousands of shards most folders are missing. One list of all folders, read once, saves two
 * refused requests and three round trips for each shard. `OwnZnode`, not this class, creates a folder again that
 * vanishes later.
 */
import type { ZnodeClient } from './znode-client.js';
import { ensurePath, parentOf, type ZnodePaths } from './znode-paths.js';

export class ShardFolders {
  readonly #client: ZnodeClient;
  readonly #paths: ZnodePaths;
  /** The names of the folders that exist; undefined before the list was read. */
  #present: Promise<Set<string>> | undefined;

  constructor(client: ZnodeClient, paths: ZnodePaths) {
    this.#client = client;
    this.#paths = paths;
  }

  /** @throws ZnodeError if ZooKeeper did not answer */
  async ensure(shard: number): Promise<void> {
    this.#present ??= this.#list();
    const listing = this.#present;
    listing.catch(() => {
      if (this.#present === listing) this.#present = undefined;
    });
    const present = await listing;
    const name = String(shard);
    if (present.has(name)) return;
    const election = this.#paths.election(shard);
    // ZooKeeper executes the requests of one session in order, so the parent exists before its child is created.
    await Promise.all([parentOf(election), election].map((path) => this.#client.create(path, Buffer.alloc(0), 'persistent')));
    present.add(name);
  }

  async #list(): Promise<Set<string>> {
    await ensurePath(this.#client, this.#paths.shards);
    return new Set((await this.#client.children(this.#paths.shards, { watch: false }))?.names);
  }
}
