/** The options of a client, and their check and resolution into a form in which every field is set. */
import { clusterDefaults } from '../config/cluster-defaults.js';
import { KvError } from '../errors.js';
import { maxDeadlineMs } from './call-limits.js';
import { type AddressSource, addressesFromZooKeeper, fixedAddresses } from './routing/address-book.js';
import type { ClusterChange } from './routing/cluster-membership.js';
import type { TransportChoice } from './transport/link.js';

interface CommonOptions {
  /** Default time limit of an operation, and of `connect`, in milliseconds. Default 10,000, minimum 1. */
  readonly deadlineMs?: number;
  /** Time limit for a connection to become usable, in milliseconds. Default 2,000, minimum 1. */
  readonly connectTimeoutMs?: number;
  /**
   * Largest number of operations in flight, at all nodes together. Further operations wait in order. Operations that wait for a
   * retry do not count. Default 1,024, minimum 1.
   */
  readonly maxInFlight?: number;
  /** Largest number of request bytes in flight. Further operations wait in order. Default 64 MiB, minimum 1. */
  readonly maxInFlightBytes?: number;
  /** Largest number of waiting operations; further ones fail with OVERLOADED. Default 100,000, minimum 0. */
  readonly maxQueued?: number;
  /**
   * How operations travel to the primary: `pipeline`, many in one message of a stream, or `unary`, one gRPC call each, which is
   * several times slower. Default `pipeline`.
   */
  readonly api?: 'pipeline' | 'unary';
  /**
   * What carries requests: frames on TCP (`tcp`), gRPC (`grpc`), or frames where the node accepts them and gRPC otherwise (`auto`).
   * Frames cost a fraction of the CPU. Unary calls of operations always travel over gRPC. Default `auto`.
   */
  readonly transport?: TransportChoice;
  /**
   * Id of the cluster that the client belongs to, as `kvctl status` shows it. Nodes of other clusters are not used. Default: the
   * cluster of the node that answers first; `connect` then rejects with WRONG_CLUSTER if nodes of two clusters answer at the given
   * addresses. In both cases the client stays with its cluster.
   */
  readonly clusterId?: string;
  /**
   * Move to another cluster once no node of the present one answers, and nodes of one other cluster answer at more than half of
   * the addresses (those given, or those in ZooKeeper). **Data and versions of the former cluster mean nothing in the new one**;
   * waiting operations are executed there. Excludes `clusterId`. Default false: after a
   * rebuild every operation rejects with WRONG_CLUSTER until a new client is connected.
   */
  readonly followRebuilds?: boolean;
  /** With `followRebuilds`: called each time the client has moved, before any operation is answered by the new cluster. */
  readonly onClusterChanged?: (change: ClusterChange) => void;
}

export interface NodesOptions extends CommonOptions {
  /**
   * host:port of some nodes, with square brackets around an IPv6 address; the client learns the other nodes from them. Worker
   * threads must use this option.
   */
  readonly nodes: readonly string[];
  readonly zk?: never;
  readonly root?: never;
}

export interface ZooKeeperOptions extends CommonOptions {
  /**
   * ZooKeeper connection string, `host:port[,host:port]…[/chroot]`, with square brackets around an IPv6 address. The addresses of the nodes are read from it once,
   * and again when no known node answers. ZooKeeper's native library works in one thread of a process only: worker
   * threads pass `nodes`.
   */
  readonly zk: string;
  /** Root znode of the cluster; a slash at its end does not count. Default /kvstore. */
  readonly root?: string;
  readonly nodes?: never;
}

/** The addresses of the cluster, and the limits of the client. */
export type KvClientOptions = NodesOptions | ZooKeeperOptions;

export interface ResolvedClientOptions {
  readonly deadlineMs: number;
  readonly connectTimeoutMs: number;
  readonly maxInFlight: number;
  readonly maxInFlightBytes: number;
  readonly maxQueued: number;
  readonly api: 'pipeline' | 'unary';
  readonly transport: TransportChoice;
  /** Undefined: the cluster of the first node that answers. */
  readonly clusterId: string | undefined;
  readonly followRebuilds: boolean;
  readonly onClusterChanged: (change: ClusterChange) => void;
  /** The message for an empty address book. */
  readonly noNodesMessage: string;
}

const defaultInFlightBytes = 64 * 1024 * 1024;

/** @throws KvError INVALID_OPTION naming the option and the value. */
export function resolveClientOptions(options: CommonOptions & Pick<KvClientOptions, 'zk' | 'root'>): ResolvedClientOptions {
  return {
    deadlineMs: integerOption('deadlineMs', options.deadlineMs ?? 10_000, 1, maxDeadlineMs),
    connectTimeoutMs: integerOption('connectTimeoutMs', options.connectTimeoutMs ?? 2_000, 1, maxDeadlineMs),
    maxInFlight: positiveInteger('maxInFlight', options.maxInFlight ?? 1_024),
    maxQueued: integerOption('maxQueued', options.maxQueued ?? 100_000, 0, Number.MAX_SAFE_INTEGER),
    maxInFlightBytes: positiveInteger('maxInFlightBytes', options.maxInFlightBytes ?? defaultInFlightBytes),
    api: apiOption(options.api ?? 'pipeline'),
    transport: transportOption(options.transport ?? 'auto'),
    clusterId: clusterIdOption(options),
    followRebuilds: options.followRebuilds ?? false,
    onClusterChanged: options.onClusterChanged ?? (() => {}),
    noNodesMessage: noNodesMessage(options),
  };
}

/** @throws KvError INVALID_OPTION */
export function addressSourceOf(options: KvClientOptions, timeoutMs: number): AddressSource {
  if (options.nodes !== undefined && options.zk !== undefined)
    throw new KvError('INVALID_OPTION', 'give either nodes or zk, not both');
  if (options.nodes !== undefined) return fixedAddresses(options.nodes);
  if (!options.zk) throw new KvError('INVALID_OPTION', 'give the addresses of some nodes (nodes) or of ZooKeeper (zk)');
  return addressesFromZooKeeper(options.zk, options.root ?? clusterDefaults.root, timeoutMs);
}

function noNodesMessage({ zk, root }: Pick<KvClientOptions, 'zk' | 'root'>): string {
  return `no node is registered${zk === undefined ? '' : ` under root ${root ?? clusterDefaults.root} in the ZooKeeper at ${zk}`}`;
}

/** The id travels as metadata, which allows no other characters. */
function clusterIdOption({ clusterId, followRebuilds }: CommonOptions): string | undefined {
  if (clusterId === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(clusterId))
    throw new KvError('INVALID_OPTION', `clusterId must be the id of a cluster, in printable ASCII, not '${clusterId}'`);
  if (followRebuilds === true) throw new KvError('INVALID_OPTION', 'clusterId and followRebuilds exclude each other');
  return clusterId;
}

function transportOption(transport: string): TransportChoice {
  if (transport === 'auto' || transport === 'tcp' || transport === 'grpc') return transport;
  throw new KvError('INVALID_OPTION', `transport must be auto, tcp or grpc, not ${transport}`);
}

function apiOption(api: string): 'pipeline' | 'unary' {
  if (api === 'pipeline' || api === 'unary') return api;
  throw new KvError('INVALID_OPTION', `api must be pipeline or unary, not ${api}`);
}

function positiveInteger(name: string, value: number): number {
  return integerOption(name, value, 1, Number.MAX_SAFE_INTEGER);
}

function integerOption(name: string, value: number, lowest: number, highest: number): number {
  if (!Number.isSafeInteger(value) || value < lowest || value > highest)
    throw new KvError('INVALID_OPTION', `${name} must be an integer from ${lowest} to ${highest}, not ${value}`);
  return value;
}
