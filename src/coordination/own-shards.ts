/**
 * The shards of which this node has a replica: each with the candidate's registration, its znode, and the reader of
 * the shard's znodes. The coordinator decides and retries; this class does neither.
 */
import type { Logger } from 'pino';
import type { CoalescedTask } from './coalesced-task.js';
import type { CandidateRegistration } from './coordinator.js';
import { OwnZnode } from './own-znode.js';
import { type ShardListener, ShardReader } from './shard-reader.js';
import type { ZnodeClient } from './znode-client.js';
import { encode } from './znode-data.js';
import { candidatePrefix, parentOf, type ZnodePaths } from './znode-paths.js';

/**
 * One upkeep reads at most this many shards, so that a node with many shards spreads the work over several upkeeps.
 */
const shardsPerUpkeep = 8;

export interface OwnShard {
  readonly registration: CandidateRegistration;
  readonly znode: OwnZnode;
  readonly reader: ShardReader;
}

interface MutableShard extends OwnShard {
  registration: CandidateRegistration;
}

export class OwnShards {
  readonly #client: ZnodeClient;
  readonly #paths: ZnodePaths;
  readonly #listener: ShardListener;
  readonly #logger: Logger;
  readonly #shards = new Map<number, MutableShard>();
  /** The readings, by the path of the znode that they read. */
  readonly #readings = new Map<string, CoalescedTask>();
  /** The readers, by the path below which the shard's candidates register. */
  readonly #readers = new Map<string, ShardReader>();
  /** The session in which a shard's `state` was last read as missing. */
  readonly #missingIn = new Map<number, string | undefined>();
  readonly #rounds = new Rounds(shardsPerUpkeep);

  constructor(client: ZnodeClient, paths: ZnodePaths, listener: ShardListener, logger: Logger) {
    this.#client = client;
    this.#paths = paths;
    this.#listener = listener;
    this.#logger = logger;
  }

  get(shard: number): OwnShard | undefined {
    return this.#shards.get(shard);
  }

  /** @returns the znode of the node's former replica of this shard, if the new replica has another id */
  add(shard: number, registration: CandidateRegistration, isNew: boolean): OwnZnode | undefined {
    const former = this.#shards.get(shard);
    const own: MutableShard = {
      registration,
      reader: former?.reader ?? this.#addReader(shard),
      znode: new OwnZnode(this.#client, {
        parent: this.#paths.election(shard),
        prefix: candidatePrefix(registration.replicaId),
        data: () => encode(own.registration),
        // The replica id in the name was minted by this process or belongs to its data (R1).
        madeHere: () => true,
        isNew,
      }),
    };
    this.#shards.set(shard, own);
    return former?.registration.replicaId === registration.replicaId ? undefined : former?.znode;
  }

  #addReader(shard: number): ShardReader {
    const reader = new ShardReader(this.#client, this.#paths, shard, this.#listener, this.#logger);
    this.#readings.set(reader.statePath, reader.state);
    this.#readings.set(reader.electionPath, reader.candidates);
    this.#readers.set(reader.electionPath, reader);
    return reader;
  }

  /** @returns the znode that the caller must remove; undefined: the node has no replica of this shard */
  remove(shard: number): OwnZnode | undefined {
    const own = this.#shards.get(shard);
    if (own === undefined) return undefined;
    this.#shards.delete(shard);
    this.#missingIn.delete(shard);
    this.#readings.delete(own.reader.statePath);
    this.#readings.delete(own.reader.electionPath);
    this.#readers.delete(own.reader.electionPath);
    return own.znode;
  }

  /**
   * @returns the znode that the caller must write; undefined: the node has no replica of this shard, or nothing
   *   changes
   */
  change(shard: number, change: Partial<CandidateRegistration>): OwnZnode | undefined {
    const own = this.#shards.get(shard);
    if (own === undefined) return undefined;
    const names = Object.keys(change) as (keyof CandidateRegistration)[];
    if (names.every((name) => own.registration[name] === change[name])) return undefined;
    own.registration = { ...own.registration, ...change };
    return own.znode;
  }

  /** Records whether a reading in the present session found no `state`. */
  noteState(shard: number, isMissing: boolean): void {
    if (isMissing) this.#missingIn.set(shard, this.#client.sessionId);
    else this.#missingIn.delete(shard);
  }

  /** Whether the last reading of `state` found none, and belongs to the present session. */
  isMissing(shard: number): boolean {
    return this.#missingIn.has(shard) && this.#missingIn.get(shard) === this.#client.sessionId;
  }

  /** The shards that this upkeep reads: all of them, or the next `shardsPerUpkeep`. */
  forUpkeep({ all }: { readonly all: boolean }): readonly number[] {
    const shards = [...this.#shards.keys()];
    return all ? shards : this.#rounds.next(shards);
  }

  /** The candidates' znodes. @param shards default: all */
  znodes(shards: Iterable<number> = this.#shards.keys()): OwnZnode[] {
    return [...shards].map((shard) => this.#shards.get(shard)?.znode).filter((znode) => znode !== undefined);
  }

  /** Readings of these shards that see every write acknowledged before this call. */
  syncedReadings(shards: readonly number[]): CoalescedTask[] {
    const readers = shards.map((shard) => this.#shards.get(shard)?.reader).filter((reader) => reader !== undefined);
    for (const reader of readers) reader.syncFirst();
    return readers.flatMap(({ state, candidates }) => [state, candidates]);
  }

  /** A watch has reported a change at this path. @returns the reading that the caller must repeat */
  changedAt(path: string): CoalescedTask | undefined {
    const parent = parentOf(path);
    this.#readers.get(parent)?.forgetCandidate(path);
    return this.#readings.get(path) ?? this.#readings.get(parent);
  }
}

/** Walks in circles over a set of numbers, a few numbers at each turn. */
export class Rounds {
  readonly #perTurn: number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** The next numbers of `all`. No number has a second turn before every other number had one. */
  next(all: readonly number[]): readonly number[] {
    const sorted = [...all].sort((one, other) => one - other);
    const first = sorted.findIndex((one) => one > this.#last);
    const from = first === -1 ? 0 : first;
    const turn = [...sorted.slice(from), ...sorted.slice(0, from)].slice(0, this.#perTurn);
    this.#last = turn.at(-1) ?? this.#last;
    return turn;
  }
}
