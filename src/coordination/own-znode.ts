/**
 * Keeps one ephemeral sequential znode of this process in existence (R2).
 *
 * `ensure` may be called at any time: it reads which znodes exist, and creates or deletes as needed. Only a znode that
 * the present session owns counts. A znode of an earlier session vanishes when ZooKeeper expires that session.
 */
import { CoalescedTask } from './coalesced-task.js';
import { anyVersion, returnCodes, type Znode, type ZnodeClient, ZnodeError } from './znode-client.js';
import { ensurePath, inOrder } from './znode-paths.js';

export interface OwnZnodeOptions {
  readonly parent: string;
  /** The name up to the sequence number. */
  readonly prefix: string;
  readonly data: () => Buffer;
  /** Whether this process created the znode with this prefix and data, in any of its sessions. */
  readonly madeHere: (data: Buffer) => boolean;
  /** The prefix was minted just now, so no such znode exists yet, and the first `ensure` does not search for one. */
  readonly isNew?: boolean;
}

const noWatch = { watch: false };

export class OwnZnode {
  readonly #client: ZnodeClient;
  readonly #options: OwnZnodeOptions;
  readonly #ensuring = new CoalescedTask(() => this.#ensure());
  #removed = false;
  #writeDue = false;
  #wanted = true;
  #isKnownMissing: boolean;

  constructor(client: ZnodeClient, options: OwnZnodeOptions) {
    this.#client = client;
    this.#options = options;
    this.#isKnownMissing = options.isNew === true;
  }

  /**
   * When this resolves, exactly one znode exists and has the present data; after `remove`, none exists. Rejects with a
   * ZnodeError if ZooKeeper did not answer.
   */
  ensure(): Promise<void> {
    this.#wanted = !this.#removed;
    return this.#ensuring.run();
  }

  /** Like `ensure`, but writes even if the data is unchanged. */
  rewrite(): Promise<void> {
    this.#writeDue = true;
    return this.ensure();
  }

  async #ensure(): Promise<void> {
    const { data } = this.#options;
    const isWriteDue = this.#writeDue;
    this.#writeDue = false;
    const isFirst = this.#isKnownMissing && this.#wanted;
    // From here on there may be a znode, even if no answer arrives.
    this.#isKnownMissing = false;
    if (isFirst) return this.#create();
    // A server that lags might not show a znode whose create lost its answer.
    await this.#client.sync(this.#options.parent);
    let own: { readonly path: string; readonly znode: Znode } | undefined;
    for (const found of await this.#madeHere()) {
      const owned = found.znode.stat.ephemeralOwner === this.#client.sessionId;
      if (owned && own === undefined && this.#wanted) own = found;
      else await this.#client.delete(found.path, anyVersion);
    }
    if (!this.#wanted) return;
    if (own === undefined) return this.#create();
    if (own.znode.data.equals(data()) && !isWriteDue) return;
    const result = await this.#client.set(own.path, data(), anyVersion);
    if (result.kind !== 'set') throw new ZnodeError(`set ${own.path}`, returnCodes.noNode, 'no');
  }

  async #create(): Promise<void> {
    const { parent, prefix, data } = this.#options;
    const path = `${parent}/${prefix}`;
    const result = await this.#client.create(path, data(), 'ephemeralSequential');
    if (result.kind === 'created') return;
    await ensurePath(this.#client, parent);
    const again = await this.#client.create(path, data(), 'ephemeralSequential');
    if (again.kind !== 'created') throw new ZnodeError(`create ${path}`, returnCodes.noNode, 'no');
  }

  /** The znodes that this process created, in order of creation. */
  async #madeHere(): Promise<{ readonly path: string; readonly znode: Znode }[]> {
    const { parent, prefix, madeHere } = this.#options;
    const found = [];
    for (const entry of inOrder((await this.#client.children(parent, noWatch))?.names ?? [])) {
      if (entry.prefix !== prefix) continue;
      const path = `${parent}/${entry.name}`;
      const znode = await this.#client.get(path, noWatch);
      if (znode !== undefined && madeHere(znode.data)) found.push({ path, znode });
    }
    return found;
  }

  /** Deletes the znode until the next `ensure`. Rejects with a ZnodeError if ZooKeeper did not answer. */
  withdraw(): Promise<void> {
    this.#wanted = false;
    return this.#ensuring.run();
  }

  /**
   * Deletes the znode for good. Rejects with a ZnodeError if ZooKeeper did not answer; then the end of the session
   * deletes it.
   */
  remove(): Promise<void> {
    this.#removed = true;
    return this.ensure();
  }
}
