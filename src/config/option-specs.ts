/**
 * Every option of a node, in one table, with the only copy of each default. The command line, the environment, the
 * config file, the help text and the checks of single values follow from it. Relations between options are in
 * `relations.ts`.
 */

import { resolve } from 'node:path';
import { type Address, formatAddress, isEveryInterface, readAddress, readHost } from './address.js';
import { clusterDefaults } from './cluster-defaults.js';
import { formatConnectString, readConnectString, readZnodePath } from './connect-string.js';
import type { IntegerSpec, OptionGroup, OptionSpec, StringSpec, ValueOf } from './option-types.js';
import type { Reading } from './reading.js';

/** Limits every time option. A timer of Node.js can wait about 24 days; an hour already exceeds any sensible value. */
const longestMs = 3_600_000;

function milliseconds(group: OptionGroup, value: number, minimum: number, description: string): IntegerSpec {
  return { type: 'integer', unit: 'ms', group, default: value, minimum, maximum: longestMs, description };
}

export const optionSpecs = {
  host: {
    type: 'string',
    group: 'Listening',
    default: '127.0.0.1',
    description: 'Interface to listen on; the default is reachable from this machine only',
    ...spelled(readHost, (host) => host),
  },
  port: {
    type: 'integer',
    group: 'Listening',
    default: 9090,
    minimum: 0,
    maximum: 65_535,
    description: 'Port to listen on; 0 takes any free port',
  },
  advertise: {
    type: 'string',
    group: 'Listening',
    default: undefined,
    defaultDescription: '--host and the port in use',
    description: 'host:port under which clients and other nodes reach this node; [address]:port with IPv6',
    ...spelled(readAdvertised, formatAddress),
  },
  httpPort: {
    type: 'integer',
    group: 'Listening',
    default: undefined,
    defaultDescription: 'no HTTP',
    minimum: 0,
    maximum: 65_535,
    description: 'Port for HTTP (REST, health, metrics) on the same interface; 0 takes any free port',
  },
  id: {
    type: 'string',
    group: 'Cluster',
    default: undefined,
    defaultDescription: 'the advertised address',
    description: 'Name of this node, unique in the cluster',
    refusal: (value) => (/^[A-Za-z0-9._:[\]-]{1,64}$/.test(value) ? undefined : 'must be 1 to 64 of A-Z a-z 0-9 . _ : - [ ]'),
  },
  zk: {
    type: 'string',
    group: 'Cluster',
    default: clusterDefaults.zk,
    description: 'ZooKeeper connection string, host:port[,host:port...][/chroot]',
    ...spelled(readConnectString, formatConnectString),
  },
  root: {
    type: 'string',
    group: 'Cluster',
    default: clusterDefaults.root,
    description: 'Root znode of the cluster; created if missing',
    ...spelled(readZnodePath, (path) => path || '/'),
  },
  join: {
    type: 'flag',
    group: 'Cluster',
    default: false,
    description: 'Never found a cluster: if ZooKeeper holds none, wait until there is one',
  },
  shards: {
    type: 'integer',
    group: 'Cluster',
    default: 16,
    minimum: 1,
    maximum: 16_384,
    description:
      'Number of shards into which the 16,384 slots of keys are divided, best a power of two. The same on every node; cannot be changed',
  },
  minInSync: {
    type: 'integer',
    group: 'Cluster',
    default: 1,
    minimum: 1,
    maximum: 100,
    description:
      'Fewest in-sync replicas with which writes are accepted. With 1, the last node continues alone, with a single copy',
  },
  replicas: {
    type: 'integer',
    group: 'Cluster',
    default: 3,
    minimum: 1,
    maximum: 16,
    description: 'Copies of each shard, at most one per node. Like --vnodes the same on every node; cannot be changed',
  },
  vnodes: {
    type: 'integer',
    group: 'Cluster',
    default: 64,
    minimum: 1,
    maximum: 1_024,
    description: 'Positions of each node on the consistent-hash ring that places the shards',
  },
  zone: {
    type: 'string',
    group: 'Cluster',
    default: undefined,
    defaultDescription: 'none',
    description: 'Failure domain of this node, such as a rack: the copies of a shard are placed in different zones',
    refusal: (value) => (/^[A-Za-z0-9._:-]{1,64}$/.test(value) ? undefined : 'must be 1 to 64 of A-Z a-z 0-9 . _ : -'),
  },
  weight: {
    type: 'integer',
    group: 'Cluster',
    default: 1,
    minimum: 1,
    maximum: 100,
    description: 'Share of the shards that this node takes, relative to other nodes',
  },
  dataDir: {
    type: 'string',
    group: 'Data',
    default: undefined,
    defaultDescription: 'none: the data ends with the process',
    description:
      'Folder in which this node keeps its data; created if missing, one for each node. It also keeps the id of the node',
    canonical: (path) => resolve(path),
  },
  durability: {
    type: 'string',
    group: 'Data',
    default: undefined,
    defaultDescription: 'always with --data-dir, else memory',
    choices: ['memory', 'interval', 'always'],
    description:
      'What a node has done with a write before it is acknowledged: kept it in memory; written it, and flushed what is older than --sync-interval-ms; flushed it to disk. The same on every node; cannot be changed',
  },
  syncIntervalMs: milliseconds(
    'Data',
    1_000,
    10,
    'With --durability interval: time between two flushes to disk. The same on every node; cannot be changed',
  ),
  state: {
    type: 'string',
    group: 'Data',
    default: 'memory',
    choices: ['memory', 'lmdb', 'postgres'],
    description:
      'Where the data is beside the log: in memory, in a database in the data directory, or in PostgreSQL. Each node may have another',
  },
  postgres: {
    type: 'string',
    group: 'Data',
    default: undefined,
    defaultDescription: 'none',
    description:
      'With --state postgres: URL of the database, postgres://user@host:port/database. Set one with a password as KVNODE_POSTGRES',
    isSecret: true,
    refusal: (url) =>
      /^postgres(ql)?:\/\//.test(url) && URL.canParse(url) ? undefined : 'must be a URL like postgres://user@host:5432/database',
  },
  noOrder: {
    type: 'flag',
    group: 'Data',
    default: false,
    description: 'With --state memory: keep no order of the keys, which saves 8 to 24 bytes a key. This node then refuses scans',
  },
  maxData: {
    type: 'size',
    group: 'Data',
    default: undefined,
    defaultDescription: '90 % of the room on its file system, at least 1 GiB',
    minimum: 2 ** 30,
    maximum: 2 ** 50,
    description: 'Room that the data directory may take. Writes are refused before the data outgrows it',
  },
  retainLogBytes: {
    type: 'integer',
    unit: 'bytes',
    group: 'Data',
    default: 67_108_864,
    minimum: 0,
    maximum: 2 ** 40,
    description: 'Log that is kept on disk although snapshots cover it',
  },
  replaceAfterMs: {
    ...milliseconds(
      'Timing',
      60_000,
      1,
      'Time from the loss of a node until its shards are copied to other nodes. Longer than a restart, so that a restart moves no data',
    ),
    alias: 'replace-after',
  },
  beaconMs: milliseconds(
    'Timing',
    150,
    10,
    'Time between two heartbeats of a primary; less than --lease-ms. Like --lease-ms and --grace-ms the same on every node',
  ),
  leaseMs: milliseconds(
    'Timing',
    1_000,
    20,
    'How long an answered heartbeat lets the primary serve reads; at most --grace-ms divided by 1.1',
  ),
  graceMs: milliseconds(
    'Timing',
    1_250,
    30,
    'How long a backup waits for a silent primary before it takes over: most of a failover',
  ),
  stateTimeoutMs: milliseconds(
    'Timing',
    5_000,
    100,
    'With a database: how long it may give no answer before this node hands over the shards that it leads',
  ),
  sessionMs: milliseconds('Timing', 6_000, 1_000, 'Requested ZooKeeper session timeout; the server may grant another'),
  stopDeadlineMs: milliseconds('Timing', 10_000, 1, 'How long a planned stop may take before the node exits in any case'),
  maxValueBytes: {
    type: 'integer',
    unit: 'bytes',
    group: 'Limits',
    default: 1_048_576,
    minimum: 1,
    maximum: 8_388_608,
    description: 'Largest value accepted',
  },
  maxMemory: {
    type: 'size',
    group: 'Limits',
    default: undefined,
    defaultDescription: 'half of what the machine or the container has',
    minimum: 268_435_456,
    maximum: 2 ** 46,
    description: 'Memory that the node may use: data, log and buffers. Writes beyond it are refused',
  },
  moveRate: {
    type: 'size',
    group: 'Limits',
    default: undefined,
    defaultDescription: '28000000',
    minimum: 65_536,
    maximum: 2 ** 40,
    description: 'Rate at which this node sends copies of shards to other nodes, all together, in bytes per second',
  },
  logLevel: {
    type: 'string',
    group: 'Log',
    default: 'info',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    description: 'Least severe level that is written',
  },
  logFormat: {
    type: 'string',
    group: 'Log',
    default: 'text',
    choices: ['text', 'json'],
    description: 'text: for people; json: one object per line, for log collectors',
  },
} as const satisfies Record<string, OptionSpec>;

export type OptionName = keyof typeof optionSpecs;
/** The options on which all nodes of a cluster agree, for its life. */
export const clusterOptions = [
  ...(['shards', 'replicas', 'vnodes', 'minInSync', 'beaconMs', 'leaseMs', 'graceMs'] as const),
  ...(['durability', 'syncIntervalMs'] as const),
] as const satisfies OptionName[];
export type ClusterOption = (typeof clusterOptions)[number];

export const optionNames = Object.keys(optionSpecs) as OptionName[];

/** One value of the right type for every option. */
export type OptionValues = { readonly [Name in OptionName]: ValueOf<(typeof optionSpecs)[Name]> };

/** `beaconMs` is `beacon-ms` on the command line and in a config file. */
export function flagOf(name: OptionName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The flags of an option, its alias first: if both are set, the last one, the real name, wins. */
export function flagsOf(name: OptionName): readonly string[] {
  const { alias }: OptionSpec = optionSpecs[name];
  return alias === undefined ? [flagOf(name)] : [alias, flagOf(name)];
}

/** The flag `beacon-ms` is `KVNODE_BEACON_MS` in the environment. */
export function variableOf(flag: string): string {
  return `KVNODE_${flag.replaceAll('-', '_').toUpperCase()}`;
}

function spelled<Value>(
  read: (text: string) => Reading<Value>,
  format: (value: Value) => string,
): Required<Pick<StringSpec, 'refusal' | 'canonical'>> {
  const canonical = (text: string): string => {
    const { value, refusal } = read(text);
    return refusal === undefined ? format(value) : text;
  };
  return { refusal: (text) => read(text).refusal, canonical };
}

/** An address that other machines connect to, so it must not stand for every interface. */
function readAdvertised(text: string): Reading<Address> {
  const address = readAddress(text);
  if (address.refusal !== undefined || !isEveryInterface(address.value.host)) return address;
  return { refusal: 'names every interface, so no other machine can connect to it; give an address of this machine' };
}
