/**
 * Reads the znodes of one shard and reports every reading.
 *
 * A malformed znode is logged and left out: the shard continues to serve with its present knowledge (G5).
 */
import type { Logger } from 'pino';
import { CoalescedTask } from './coalesced-task.js';
import type { Candidate, StateReading } from './coordinator.js';
import type { Znode, ZnodeClient } from './znode-client.js';
import { parseCandidate, parseState } from './znode-data.js';
import { inOrder, type SequencedName, type ZnodePaths } from './znode-paths.js';

const watch = { watch: true };

export interface ShardListener {
  /** The reader begins its next reading after this promise has settled. */
  onState(shard: number, reading: Omit<StateReading, 'isRestored'>): Promise<void>;
  onCandidates(shard: number, candidates: readonly Candidate[]): void;
}

export class ShardReader {
  readonly #client: ZnodeClient;
  readonly #shard: number;
  readonly #listener: ShardListener;
  readonly #logger: Logger;
  readonly statePath: string;
  readonly electionPath: string;
  readonly state = new CoalescedTask(() => this.#readState());
  readonly candidates = new CoalescedTask(() => this.#readCandidates());
  #syncFirst = false;
  /**
   * The candidates that were read and are watched, by path. Only the others are read again, which matters with many
   * shards.
   */
  readonly #read = new Map<string, Candidate>();
  #forgotten = 0;

  constructor(client: ZnodeClient, paths: ZnodePaths, shard: number, listener: ShardListener, logger: Logger) {
    this.#client = client;
    this.#shard = shard;
    this.#listener = listener;
    this.#logger = logger.child({ shard });
    this.statePath = paths.state(shard);
    this.electionPath = paths.election(shard);
  }

  /** The next readings see every write that was acknowledged before this call, and read every candidate again. */
  syncFirst(): void {
    this.#syncFirst = true;
    this.#forgotten++;
    this.#read.clear();
  }

  /** Reads the candidate at this path again next time, since its znode may have changed. */
  forgetCandidate(path: string): void {
    this.#forgotten++;
    this.#read.delete(path);
  }

  refreshState(): Promise<void> {
    this.#syncFirst = true;
    return this.state.run();
  }

  async #readState(): Promise<void> {
    const sync = this.#syncFirst;
    this.#syncFirst = false;
    if (sync) await this.#client.sync(this.statePath);
    // This is taken before the read is sent, since the answer to a later write proves nothing about this read.
    const asOfMs = this.#client.provenMs;
    const znode = (await this.#client.get(this.statePath, watch)) ?? (await this.#stateAfterSync());
    if (this.#client.status === 'closed') return;
    if (znode === undefined) return this.#listener.onState(this.#shard, { asOfMs, found: undefined });
    const state = this.#parse(this.statePath, () => parseState(znode.data));
    if (state === undefined) return;
    return this.#listener.onState(this.#shard, { asOfMs, found: { version: znode.stat.version, state } });
  }

  /** R3: a missing `state` lets a replica begin a history, so the reading must not depend on a server that lags. */
  async #stateAfterSync(): Promise<Znode | undefined> {
    await this.#client.sync(this.statePath);
    const stat = await this.#client.stat(this.statePath, watch);
    return stat === undefined ? undefined : this.#client.get(this.statePath, watch);
  }

  async #readCandidates(): Promise<void> {
    const names = (await this.#client.children(this.electionPath, watch))?.names ?? [];
    for (const path of this.#read.keys()) if (!names.includes(path.slice(this.electionPath.length + 1))) this.#read.delete(path);
    const found = await Promise.all(inOrder(names).map((entry) => this.#readCandidate(entry)));
    if (this.#client.status === 'closed') return;
    this.#listener.onCandidates(this.#shard, latestByReplica(found.filter((candidate) => candidate !== undefined)));
  }

  async #readCandidate(entry: SequencedName): Promise<Candidate | undefined> {
    const path = `${this.electionPath}/${entry.name}`;
    const known = this.#read.get(path);
    if (known !== undefined) return known;
    const forgotten = this.#forgotten;
    // The znode is watched, because a candidate announces in it that it stops (R12).
    const znode = await this.#client.get(path, watch);
    if (znode === undefined) return undefined;
    const candidate = this.#parse(path, () => parseCandidate(znode.data, entry.prefix));
    const found = candidate && { ...candidate, order: entry.order };
    if (found !== undefined && forgotten === this.#forgotten) this.#read.set(path, found);
    return found;
  }

  #parse<T>(path: string, parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      this.#logger.error({ path, err: error }, 'malformed znode ignored');
      return undefined;
    }
  }
}

/** After a lost answer or an expiry a replica has two znodes for a while (R2): the older one will be deleted. */
function latestByReplica(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(
    (candidate, index) => !candidates.slice(index + 1).some((later) => later.replicaId === candidate.replicaId),
  );
}
