/**
 * The client library: finds the nodes, sends each operation to the primary, and retries what is safe to retry.
 *
 * Every failure is a `KvError`. Its `executed` states whether a write definitely did not happen (`no`) or may have happened
 * (`unknown`). The client never retries a write with an unknown outcome.
 */
import { formatAddress, readAddress } from '../config/address.js';
import { KvError } from '../errors.js';
import { wholeTopology } from '../topology/whole-topology.js';
import type {
  ForcePrimaryResponse,
  KeyLocation,
  ListKeysRequest,
  ListKeysResponse,
  NodeStatus,
  Topology,
  TopologyReport,
} from '../wire/contract/kv-api.js';
import type { DataRequest } from '../wire/pipeline/pipeline-operations.js';
import { checkDistinct, checkKey } from './arguments.js';
import { inParallel } from './bulk.js';
import type { CallOptions, Limits } from './call-limits.js';
import { singleChange, type TransactInput, type TransactOutcome, transaction } from './changes/change-requests.js';
import {
  type IncrementOutcome,
  type IncrementSettings,
  type LengthLimit,
  type LengthOutcome,
  op,
  type PersistOutcome,
  type PreparedOperation,
  type ReplacedOutcome,
  type TouchOutcome,
} from './changes/key-operations.js';
import { type UpdateFunction, type UpdateResult, updateKey } from './changes/update.js';
import { ClientCore } from './client-core.js';
import {
  deleteRequest,
  expiryFields,
  getRequest,
  type PutDataRequest,
  putRequest,
  toDeleteResult,
  toGetResult,
  toPutResult,
} from './data-requests.js';
import { addressSourceOf, type KvClientOptions, resolveClientOptions } from './options.js';
import type {
  DeleteOptions,
  DeleteResult,
  FailedOutcome,
  ForcePrimaryOptions,
  GetOutcome,
  GetResult,
  PutEntry,
  PutOptions,
  PutOutcome,
  PutResult,
  UpdateOptions,
  WriteExpiry,
} from './results.js';
import type { NodeTransport } from './transport/node-transport.js';

/** The node that answered: the primary. */
interface Answered {
  readonly nodeId: string;
}

const defaultUpdateAttempts = 64;

/**
 * A connection to a kvnode cluster. Any number of concurrent callers may share it.
 *
 * @example
 * const client = await KvClient.connect({ nodes: ['127.0.0.1:9090'] });
 * const { version } = await client.put('user:1', 'Alice');
 * await client.put('user:1', 'Bob', { ifVersion: version });
 * const found = await client.get('user:1'); // { value: <Buffer 42 6f 62>, version, nodeId }
 * await client.close(); // TypeScript, and Node.js from 24: `await using client = …` does it at the end of the block
 */
export class KvClient {
  readonly #core: ClientCore;

  private constructor(core: ClientCore) {
    this.#core = core;
  }

  /**
   * Connects, and resolves when a node has reported the topology. The client then belongs to the cluster of that node.
   *
   * @param options either `nodes` or `zk` with `root`. Worker threads must use `nodes`.
   * @throws KvError INVALID_OPTION; WRONG_CLUSTER if the addresses belong to two clusters, or none belongs to `clusterId`;
   *   UNREACHABLE if no node answers within `deadlineMs` (default 10,000); COORDINATION_UNAVAILABLE if ZooKeeper does not.
   */
  static async connect(options: KvClientOptions): Promise<KvClient> {
    const resolved = resolveClientOptions(options);
    const core = new ClientCore(addressSourceOf(options, resolved.deadlineMs), resolved);
    await core.open();
    return new KvClient(core);
  }

  /**
   * Reads the value of a key; undefined if the key does not exist. Linearizable; retried after any temporary failure.
   *
   * @throws KvError INVALID_KEY; the last refusal, or DEADLINE_EXCEEDED, at the deadline; WRONG_CLUSTER if nodes of another cluster
   *   are all that answers; CANCELLED; CLOSED.
   */
  get(key: string, options: CallOptions = {}): Promise<GetResult | undefined> {
    return checked(() => this.#get(getRequest(key), this.#core.limitsOf(options)));
  }

  /**
   * Writes a value, or with `ifVersion` or `ifAbsent` only if the key is still as expected. The key expires only if `ttlMs` or
   * `keepTtl` says so.
   *
   * @param value a string is stored as UTF-8. Up to 1 MiB unless the nodes are configured otherwise. Bytes are not copied:
   *   do not change them before the promise is settled, because the write may wait or be retried until then.
   * @throws KvError INVALID_KEY, INVALID_ARGUMENT, VALUE_TOO_LARGE; VERSION_MISMATCH with `currentVersion`; WRONG_CLUSTER as for `get`;
   *   the last refusal (`executed: 'no'`) if no attempt was accepted before the deadline; OUTCOME_UNKNOWN,
   *   DEADLINE_EXCEEDED or CANCELLED with `executed: 'unknown'` if the value may have been written; CLOSED.
   */
  put(key: string, value: string | Uint8Array, options: PutOptions = {}): Promise<PutResult> {
    return checked(() => this.#put(putRequest(key, value, options), this.#core.limitsOf(options)));
  }

  /**
   * Removes a key, or with `ifVersion` only if it is still at that version. Removing a missing key is no error.
   *
   * @throws KvError as for `put`.
   */
  delete(key: string, options: DeleteOptions = {}): Promise<DeleteResult> {
    return checked(() => this.#core.execute(deleteRequest(key, options), this.#core.limitsOf(options), toDeleteResult));
  }

  /**
   * Adds to the number under a key, which is decimal text, and returns the sum.
   *
   * @throws KvError as for `put`; NOT_A_NUMBER if the value is none; OUT_OF_RANGE if the sum is outside the bounds.
   */
  increment(key: string, options: IncrementSettings & CallOptions = {}): Promise<IncrementOutcome & Answered> {
    return this.#change(() => op.increment(key, options), options);
  }

  /** Writes bytes behind the value of a key. @throws KvError as for `put`; VALUE_TOO_LARGE if the whole would be too long. */
  append(key: string, value: string | Uint8Array, options: LengthLimit & CallOptions = {}): Promise<LengthOutcome & Answered> {
    return this.#change(() => op.append(key, value, options), options);
  }

  /** Overwrites bytes of a value from an offset on; a gap becomes zeros. @throws KvError as for `append`. */
  setRange(
    key: string,
    offset: number,
    value: string | Uint8Array,
    options: LengthLimit & CallOptions = {},
  ): Promise<LengthOutcome & Answered> {
    return this.#change(() => op.setRange(key, offset, value, options), options);
  }

  /** Writes a value and returns the one that was there. @throws KvError as for `put`. */
  getAndSet(
    key: string,
    value: string | Uint8Array,
    options: WriteExpiry & CallOptions = {},
  ): Promise<ReplacedOutcome & Answered> {
    return this.#change(() => op.getAndSet(key, value, options), options);
  }

  /** Removes a key and returns its value. @throws KvError as for `put`. */
  getAndDelete(key: string, options: CallOptions = {}): Promise<ReplacedOutcome & Answered> {
    return this.#change(() => op.getAndDelete(key), options);
  }

  /** Gives a key a new TTL: it expires `ttlMs` after the call. The key gets a new version. @throws KvError as for `put`. */
  touch(key: string, ttlMs: number, options: CallOptions = {}): Promise<TouchOutcome & Answered> {
    return this.#change(() => op.touch(key, ttlMs), options);
  }

  /** Takes the TTL of a key away; the key then gets a new version. @throws KvError as for `put`. */
  persist(key: string, options: CallOptions = {}): Promise<PersistOutcome & Answered> {
    return this.#change(() => op.persist(key), options);
  }

  /**
   * Executes operations on keys of one shard together: all of them if every condition holds, otherwise the others. They become
   * visible at once, and no failure leaves a part. If one is refused, none is executed.
   *
   * @example
   * const { held, results } = await client.transact({
   *   if: [{ key: '{cart}:state', value: 'open' }],
   *   do: [op.increment('{cart}:total', { by: 5 }), op.put('{cart}:item', 'book')],
   *   otherwise: [op.get('{cart}:state')],
   * });
   * @throws KvError as for `put`, and what the operations throw; INVALID_ARGUMENT if there are more than 1,024 conditions and
   *   operations, or keys of several shards.
   */
  transact<
    const Operations extends readonly PreparedOperation<unknown>[],
    const Otherwise extends readonly PreparedOperation<unknown>[] = [],
  >(input: TransactInput<Operations, Otherwise>, options: CallOptions = {}): Promise<TransactOutcome<Operations, Otherwise>> {
    return checked(() => {
      const { request, toResult } = transaction(input, (key) => this.#core.shardOf(key));
      return this.#core.execute(request, this.#core.limitsOf(options), toResult);
    });
  }

  /**
   * Reads a key, and writes what `change` makes of it if the key is unchanged; otherwise again, after a random wait.
   *
   * @param change may be called several times. `null` deletes the key, `undefined` leaves it as it is.
   * @param options `deadlineMs` limits the whole call; `ttlMs` or `keepTtl` applies to what is written.
   * @throws KvError as for `put`; VERSION_MISMATCH if every attempt met another writer. OUTCOME_UNKNOWN is not retried.
   */
  update(key: string, change: UpdateFunction, options: UpdateOptions = {}): Promise<UpdateResult> {
    return checked(() => {
      const limits = this.#core.limitsOf(options);
      const expiry = expiryFields(options);
      const steps = {
        get: () => this.#get(getRequest(key), limits),
        put: (value: string | Uint8Array, ifVersion: number) =>
          this.#put(putRequest(key, value, { ...expiry, ifVersion }), limits),
        delete: (ifVersion: number) => this.#core.execute(deleteRequest(key, { ifVersion }), limits, toDeleteResult),
      };
      return updateKey(steps, change, { maxAttempts: options.maxAttempts ?? defaultUpdateAttempts, signal: limits.signal });
    });
  }

  /**
   * Reads the values of many keys, from all their shards at once, in the order of the keys. Each read is linearizable;
   * together they are not one snapshot.
   *
   * @param options `deadlineMs` limits the whole call.
   * @throws KvError as for `get`, if any read fails; `mgetSettled` returns each outcome.
   */
  async mget(keys: readonly string[], options: CallOptions = {}): Promise<(GetResult | undefined)[]> {
    const requests = keys.map(getRequest);
    const limits = this.#core.limitsOf(options);
    return inParallel(requests, this.#shardOf, (request) => this.#get(request, limits));
  }

  /** Like `mget`, but does not reject if a read fails: each read has its own outcome, in the order of the keys. */
  async mgetSettled(keys: readonly string[], options: CallOptions = {}): Promise<GetOutcome[]> {
    const requests = keys.map(getRequest);
    const limits = this.#core.limitsOf(options);
    return inParallel(requests, this.#shardOf, (request) =>
      settled(request.key, async () => ({ key: request.key, ok: true as const, ...(await this.#lookUp(request, limits)) })),
    );
  }

  /**
   * Writes many keys, each on its own, at all their shards at once: not a transaction. Never rejects for the failure of a write:
   * each write has its own outcome, in the order of the entries. Bytes must not be changed before the promise is settled.
   *
   * @param options `deadlineMs` limits the whole call.
   * @throws KvError before anything is sent, if any argument is wrong or a key occurs twice.
   */
  async mput(entries: readonly PutEntry[], options: CallOptions = {}): Promise<PutOutcome[]> {
    const requests = entries.map((entry) => putRequest(entry.key, entry.value, entry));
    checkDistinct(entries.map((entry) => entry.key));
    const limits = this.#core.limitsOf(options);
    return inParallel(requests, this.#shardOf, (request) =>
      settled(request.key, async () => ({ key: request.key, ok: true as const, ...(await this.#put(request, limits)) })),
    );
  }

  /** Requests the topology from a node. @throws KvError as for `get`. */
  async topology(options: CallOptions = {}): Promise<Topology> {
    return wholeTopology(await this.#report(options), []);
  }

  async #report(options: CallOptions): Promise<TopologyReport> {
    return this.#core.runAnywhere((to, within) => to.getTopology({}, within), this.#core.limitsOf(options));
  }

  /**
   * Merges the topology from the reports of every node, for administration: a node knows only the shards that
   * it holds. Nodes that do not answer are left out.
   *
   * @throws KvError as for `get`.
   */
  async wholeTopology(options: CallOptions = {}): Promise<Topology> {
    const seen = await this.#report(options);
    if (seen.shards.length <= 1) return wholeTopology(seen, []);
    const limits = this.#core.limitsOf(options);
    const reports = seen.nodes.map(async ({ address }) => {
      try {
        return [
          {
            from: address,
            report: await this.#core.ask(address, (to, within) => to.getTopology({ heldOnly: true }, within), limits),
          },
        ];
      } catch (error) {
        if (error instanceof KvError && error.code !== 'CLOSED' && error.code !== 'CANCELLED') return [];
        throw error;
      }
    });
    return wholeTopology(seen, (await Promise.all(reports)).flat());
  }

  /**
   * Returns the nodes that hold a key, primary first, whether or not the key exists. It queries the key's primary if there
   * is one.
   *
   * @throws KvError as for `get`.
   */
  async locate(key: string, options: CallOptions = {}): Promise<KeyLocation> {
    checkKey(key);
    const limits = this.#core.limitsOf(options);
    const shard = this.#core.shardOf(key);
    return this.#core.run({ access: 'read', shard, bytes: 0, send: (to, within) => to.locateKey(key, within) }, limits);
  }

  /** The last topology that the client has received: it may be slightly old. */
  get knownTopology(): Topology | undefined {
    return this.#core.knownTopology;
  }

  /** Calls the listener with every new topology. @returns a function that removes the listener. */
  onTopology(listener: (topology: Topology) => void): () => void {
    return this.#core.onTopology(listener);
  }

  /**
   * Requests the status of one node. Not retried.
   *
   * @param address host:port, with square brackets around an IPv6 address.
   * @throws KvError INVALID_ARGUMENT; UNREACHABLE; OUTCOME_UNKNOWN if the connection breaks; DEADLINE_EXCEEDED; CANCELLED.
   */
  async nodeStatus(address: string, options: CallOptions = {}): Promise<NodeStatus> {
    return this.#core.ask(canonical(address), (to, within) => to.getNodeStatus(within), this.#core.limitsOf(options));
  }

  /**
   * A page of the keys of a shard, in the order of their bytes, from its primary. Not a snapshot of one moment (kv.proto, `ListKeys`).
   *
   * @throws KvError as for `get`; INVALID_ARGUMENT.
   */
  async listKeys(request: ListKeysRequest, options: CallOptions = {}): Promise<ListKeysResponse> {
    const send = async (to: NodeTransport, within: Limits): Promise<ListKeysResponse> => {
      const page = await to.listKeys(request, within, true);
      if (page.primary && page.complete) return page;
      throw new KvError('NOT_PRIMARY', `${page.nodeId} is not the primary of shard ${request.shard} any more`);
    };
    return this.#core.run({ access: 'read', shard: request.shard, bytes: 0, send }, this.#core.limitsOf(options));
  }

  /**
   * A page of the keys that one node holds of a shard, in the order of their bytes. Not a snapshot of one moment (kv.proto,
   * `ListKeys`). Not retried.
   *
   * @param address host:port, with square brackets around an IPv6 address.
   * @throws KvError NOT_PRIMARY if the node does not hold the shard; INVALID_ARGUMENT; OVERLOADED; and as for `nodeStatus`.
   */
  async listKeysOf(address: string, request: ListKeysRequest, options: CallOptions = {}): Promise<ListKeysResponse> {
    return this.#core.ask(canonical(address), (to, within) => to.listKeys(request, within, false), this.#core.limitsOf(options));
  }

  /**
   * Makes the replica of one node primary with the data it holds, when no member of the in-sync set is left.
   * **Acknowledged writes that it does not hold are lost.** Not retried.
   *
   * @param address host:port of the node that is to become primary.
   * @throws KvError INVALID_ARGUMENT; a refusal of the node; OUTCOME_UNKNOWN.
   */
  async forcePrimary(address: string, options: ForcePrimaryOptions): Promise<ForcePrimaryResponse> {
    const node = canonical(address);
    const { shard, acceptDataLoss, givesUp = [] } = options;
    if (acceptDataLoss !== true) throw new KvError('INVALID_ARGUMENT', 'forcePrimary needs acceptDataLoss: true');
    const limits = this.#core.limitsOf(options);
    return this.#core.ask(
      node,
      (to, within) => to.forcePrimary({ shard, acceptDataLoss, givesUp: [...givesUp] }, within),
      limits,
    );
  }

  /**
   * Closes all connections at once, without waiting for answers. Operations that were not sent, and all reads, reject
   * with CLOSED; writes in flight reject with OUTCOME_UNKNOWN. Idempotent.
   */
  close(): Promise<void> {
    return this.#core.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #get(request: DataRequest, limits: Limits): Promise<GetResult | undefined> {
    return this.#core.execute(request, limits, toGetResult);
  }

  /** The result with the node that answered, also for a key that does not exist. */
  #lookUp(request: DataRequest, limits: Limits): Promise<{ found: GetResult | undefined; nodeId: string }> {
    return this.#core.execute(request, limits, (result) => ({ found: toGetResult(result), nodeId: result.nodeId }));
  }

  #change<Result extends object>(operation: () => PreparedOperation<Result>, options: CallOptions): Promise<Result & Answered> {
    return checked(() => {
      const { request, toResult } = singleChange(operation());
      return this.#core.execute(request, this.#core.limitsOf(options), toResult);
    });
  }

  #put(request: PutDataRequest, limits: Limits): Promise<PutResult> {
    return this.#core.execute(request, limits, toPutResult);
  }

  readonly #shardOf = ({ key }: DataRequest): number => this.#core.shardOf(key);
}

/** An invalid argument rejects the promise, like every failure. */
function checked<Result>(begin: () => Promise<Result>): Promise<Result> {
  try {
    return begin();
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The outcome of an operation, success or failure. */
async function settled<Outcome>(key: string, work: () => Promise<Outcome>): Promise<Outcome | FailedOutcome> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    return { key, ok: false, error };
  }
}

/** @throws KvError INVALID_ARGUMENT */
function canonical(address: string): string {
  const { value, refusal } = readAddress(address);
  if (refusal !== undefined) throw new KvError('INVALID_ARGUMENT', `the address ${JSON.stringify(address)} ${refusal}`);
  return formatAddress(value);
}
