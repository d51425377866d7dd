/**
 * Reads what ZooKeeper holds of one shard and reports every reading.
 *
 * What cannot be understood is logged and left out: a shard goes on serving with what it knows (G5).
 */
import type { Logger } from 'pino';
import { CoalescedTask } from './coalesced-task.js';
import type { Candidate, CoordinatorListener, VersionedState } from './coordinator.js';
import type { Znode, ZnodeClient } from './znode-client.js';
import { parseCandidate, parseState } from './znode-data.js';
import { inOrder, type SequencedName, type ZnodePaths } from './znode-paths.js';

const watch = { watch: true };

export class ShardReader {
  readonly #client: ZnodeClient;
  readonly #shard: number;
  readonly #listener: CoordinatorListener;
  readonly #logger: Logger;
  readonly statePath: string;
  readonly electionPath: string;
  readonly state = new CoalescedTask(() => this.#readState());
  readonly candidates = new CoalescedTask(() => this.#readCandidates());
  #syncFirst = false;

  constructor(client: ZnodeClient, paths: ZnodePaths, shard: number, listener: CoordinatorListener, logger: Logger) {
    this.#client = client;
    this.#shard = shard;
    this.#listener = listener;
    this.#logger = logger.child({ shard });
    this.statePath = paths.state(shard);
    this.electionPath = paths.election(shard);
  }

  /** The next reading of `state` that begins sees every write acknowledged before this call. */
  syncFirst(): void {
    this.#syncFirst = true;
  }

  refreshState(): Promise<void> {
    this.syncFirst();
    return this.state.run();
  }

  async #readState(): Promise<void> {
    const sync = this.#syncFirst;
    this.#syncFirst = false;
    if (sync) await this.#client.sync(this.statePath);
    const znode = (await this.#client.get(this.statePath, watch)) ?? (await this.#stateAfterSync());
    if (this.#client.status === 'closed') return;
    if (znode === undefined) {
      this.#listener.onState(this.#shard, undefined);
      return;
    }
    const state = this.#understood(this.statePath, () => parseState(znode.data));
    if (state === undefined) return;
    const versioned: VersionedState = { version: znode.stat.version, state };
    this.#listener.onState(this.#shard, versioned);
  }

  /** R3: a missing `state` lets a replica begin a history, so a server that lags must not be believed. */
  async #stateAfterSync(): Promise<Znode | undefined> {
    await this.#client.sync(this.statePath);
    const stat = await this.#client.stat(this.statePath, watch);
    return stat === undefined ? undefined : this.#client.get(this.statePath, watch);
  }

  async #readCandidates(): Promise<void> {
    const names = (await this.#client.children(this.electionPath, watch)) ?? [];
    const found = await Promise.all(inOrder(names).map((entry) => this.#readCandidate(entry)));
    if (this.#client.status === 'closed') return;
    this.#listener.onCandidates(this.#shard, latestByReplica(found.filter((candidate) => candidate !== undefined)));
  }

  async #readCandidate(entry: SequencedName): Promise<Candidate | undefined> {
    const path = `${this.electionPath}/${entry.name}`;
    // Watched, because a candidate announces here that it stops (R12).
    const znode = await this.#client.get(path, watch);
    if (znode === undefined) return undefined;
    const candidate = this.#understood(path, () => parseCandidate(znode.data, entry.prefix));
    return candidate && { ...candidate, order: entry.order };
  }

  #understood<T>(path: string, parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      this.#logger.error({ path, error }, 'znode left out of account');
      return undefined;
    }
  }
}

/** A replica has two znodes for a while after a lost answer or an expiry (R2): the older one is about to go. */
function latestByReplica(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(
    (candidate, index) => !candidates.slice(index + 1).some((later) => later.replicaId === candidate.replicaId),
  );
}
