/** The calls of `KvClient` that concern the cluster: its topology, its nodes, the keys of its shards. */
import { formatAddress, readAddress } from '../../config/address.js';
import { KvError } from '../../errors.js';
import { wholeTopology } from '../../topology/whole-topology.js';
import type {
  CheckStopResponse,
  ForcePrimaryResponse,
  KeyLocation,
  ListKeysRequest,
  ListKeysResponse,
  NodeStatus,
  SetDrainingResponse,
  Topology,
  TopologyReport,
} from '../../wire/contract/kv-api.js';
import type { ReadCopyRequest, ReadCopyResponse, ScanCopyRequest, ScanCopyResponse } from '../../wire/copies/copy-messages.js';
import type { DumpPart } from '../../wire/dump/dump-parts.js';
import { checkKey } from '../arguments.js';
import type { CallOptions, Limits } from '../call-limits.js';
import type { DumpOptions, ForcePrimaryOptions } from '../results.js';
import type { NodeTransport } from '../transport/node-transport.js';
import { dumpShard } from './receive-dump.js';
import { ScanCalls } from './scan-calls.js';
import { scanCopy } from './scan-copy.js';

/** Refusals of one node that say nothing about the others. */
const othersMayReach: ReadonlySet<KvError['code']> = new Set(['UNREACHABLE', 'COORDINATION_UNAVAILABLE', 'STOPPING']);

export abstract class ClusterCalls extends ScanCalls {
  /** Requests the topology from a node. @throws KvError as for `get`. */
  async topology(options: CallOptions = {}): Promise<Topology> {
    return wholeTopology(await this.#report(options), []);
  }

  async #report(options: CallOptions): Promise<TopologyReport> {
    return this.core.runAnywhere((to, within) => to.getTopology({}, within), this.core.limitsOf(options));
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
    const limits = this.core.limitsOf(options);
    const reports = seen.nodes.map(async ({ address }) => {
      try {
        return [
          {
            from: address,
            report: await this.core.ask(address, (to, within) => to.getTopology({ heldOnly: true }, within), limits),
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
    const limits = this.core.limitsOf(options);
    const shard = this.core.shardOf(key);
    return this.core.run({ access: 'read', shard, bytes: 0, send: (to, within) => to.locateKey(key, within) }, limits);
  }

  /** The last topology that the client has received: it may be slightly old. */
  get knownTopology(): Topology | undefined {
    return this.core.knownTopology;
  }

  /** Calls the listener with every new topology. @returns a function that removes the listener. */
  onTopology(listener: (topology: Topology) => void): () => void {
    return this.core.onTopology(listener);
  }

  /**
   * Requests the status of one node. Sent again only if the connection breaks.
   *
   * @param address host:port, with square brackets around an IPv6 address.
   * @throws KvError INVALID_ARGUMENT; UNREACHABLE; OUTCOME_UNKNOWN if the connection breaks again and again; DEADLINE_EXCEEDED; CANCELLED.
   */
  async nodeStatus(address: string, options: CallOptions = {}): Promise<NodeStatus> {
    return this.core.ask(canonical(address), (to, within) => to.getNodeStatus(within), this.core.limitsOf(options));
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
    return this.core.run({ access: 'read', shard: request.shard, bytes: 0, send }, this.core.limitsOf(options));
  }

  /**
   * A page of the keys that one node holds of a shard, in the order of their bytes. Not a snapshot of one moment (kv.proto,
   * `ListKeys`). Sent again only if the connection breaks.
   *
   * @param address host:port, with square brackets around an IPv6 address.
   * @throws KvError NOT_PRIMARY if the node does not hold the shard; INVALID_ARGUMENT; OVERLOADED; and as for `nodeStatus`.
   */
  async listKeysOf(address: string, request: ListKeysRequest, options: CallOptions = {}): Promise<ListKeysResponse> {
    return this.core.ask(canonical(address), (to, within) => to.listKeys(request, within, false), this.core.limitsOf(options));
  }

  /**
   * Everything that a shard holds at one position of its log, from its primary, while writes go on (kv.proto, `DumpShard`). Of the
   * records of a key the one with the highest version counts. If the dump breaks off, as when the primary is replaced, another
   * `begin` follows: then everything before it is void. Leaving the loop early gives the dump up.
   *
   * @param options `deadlineMs` limits the time to each next part, not that of the whole dump.
   * @throws KvError as for `get`; OVERLOADED if the shard is written faster than the dump is read; INVALID_ARGUMENT.
   */
  dumpShard(shard: number, options: DumpOptions = {}): AsyncGenerator<DumpPart, void> {
    return dumpShard(this.core, shard, options);
  }

  /**
   * Scans what one node stores of a shard, so that copies can be compared (kv.proto, `ScanCopy`). Leaving the loop early gives the scan up.
   *
   * @param address host:port, with square brackets around an IPv6 address.
   * @param options `deadlineMs` limits the time to each next part.
   * @throws KvError NOT_PRIMARY if the node holds no complete copy of the shard; OVERLOADED; and as for `nodeStatus`.
   */
  scanCopy(address: string, request: ScanCopyRequest, options: CallOptions = {}): AsyncGenerator<ScanCopyResponse, void> {
    return scanCopy(this.core, canonical(address), request, options);
  }

  /**
   * Reads keys from the store of one node, each with the position at which it was read (kv.proto, `ReadCopy`).
   *
   * @param address host:port, with square brackets around an IPv6 address.
   * @throws KvError as for `scanCopy`.
   */
  async readCopy(address: string, request: ReadCopyRequest, options: CallOptions = {}): Promise<ReadCopyResponse> {
    return this.core.ask(canonical(address), (to, within) => to.readCopy(request, within), this.core.limitsOf(options));
  }

  /**
   * Marks a node as draining (kv.proto, `SetDraining`): its shards move to other nodes, and it gets none until `undrainNode`. It
   * keeps running, and no call fails. The node is drained once `nodeStatus` shows no replicas. Repeating it changes nothing.
   *
   * @param nodeId as in `topology`; the node need not be live.
   * @returns how many shards were placed on the node.
   * @throws KvError NOT_DRAINED if too few other nodes are left; INVALID_ARGUMENT; COORDINATION_UNAVAILABLE; OUTCOME_UNKNOWN; and as
   *   for `get`.
   */
  async drainNode(nodeId: string, options: CallOptions = {}): Promise<SetDrainingResponse> {
    return this.#setDraining(nodeId, true, options);
  }

  /** Takes a drain back. Repeating it changes nothing. @throws KvError as `drainNode`, without NOT_DRAINED. */
  async undrainNode(nodeId: string, options: CallOptions = {}): Promise<void> {
    await this.#setDraining(nodeId, false, options);
  }

  /**
   * The shards that would have too few in-sync copies if the node were taken down now (kv.proto, `CheckStop`). Empty: it can be
   * taken down.
   *
   * @throws KvError INVALID_ARGUMENT; and as for `get`.
   */
  async checkStop(nodeId: string, options: CallOptions = {}): Promise<CheckStopResponse> {
    return this.core.runAnywhere((to, within) => to.checkStop({ nodeId }, within), this.core.limitsOf(options));
  }

  /** Sent to one node at a time: a request that another node executed late could undo a later one. */
  async #setDraining(nodeId: string, draining: boolean, options: CallOptions): Promise<SetDrainingResponse> {
    const { nodes } = await this.topology(options);
    const limits = this.core.limitsOf(options);
    let last: unknown;
    for (const { address } of nodes) {
      try {
        return await this.core.ask(address, (to, within) => to.setDraining({ nodeId, draining }, within), limits, 'write');
      } catch (error) {
        const mayTryOthers = error instanceof KvError && error.executed === 'no' && othersMayReach.has(error.code);
        if (!mayTryOthers) throw error;
        last = error;
      }
    }
    throw last ?? new KvError('UNREACHABLE', 'no node is registered');
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
    const limits = this.core.limitsOf(options);
    return this.core.ask(
      node,
      (to, within) => to.forcePrimary({ shard, acceptDataLoss, givesUp: [...givesUp] }, within),
      limits,
      'write',
    );
  }
}

/** @throws KvError INVALID_ARGUMENT */
function canonical(address: string): string {
  const { value, refusal } = readAddress(address);
  if (refusal !== undefined) throw new KvError('INVALID_ARGUMENT', `the address ${JSON.stringify(address)} ${refusal}`);
  return formatAddress(value);
}
