/** The options of one storage node, resolved: every default is filled in, and the relations between the options hold. */
import type { Logger } from 'pino';
import type { DurabilityMode } from '../coordination/index.js';
import type { FormatRange } from '../formats.js';
import type { LogState } from '../logging/index.js';
import type { BegunData } from './data/begin-data.js';
import type { DiskCalls } from './data/disk-calls.js';
import type { StateKind } from './data/state-kind.js';

export interface NodeOptions {
  /** Interface to listen on: a name or a canonical IP address, without brackets. Default 127.0.0.1. */
  readonly host: string;
  /** 0 to 65,535; 0 takes any free port. Default 9090. */
  readonly port: number;
  /** Port for HTTP on the same interface; 0 takes any free port. Undefined: no HTTP. */
  readonly httpPort: number | undefined;
  /** host:port at which other nodes and clients reach this one, with brackets around an IPv6 address. Default: `host` and the port in use. */
  readonly advertise: string | undefined;
  /** 1 to 64 of A-Z a-z 0-9 . _ : - [ ]; default: the advertised address. */
  readonly id: string | undefined;
  /** ZooKeeper connection string, `host:port[,host:port]…[/chroot]`. */
  readonly zk: string;
  /** Root znode. Default /kvstore. */
  readonly root: string;
  /** Whether the node waits for a cluster if ZooKeeper holds none, and never founds one. Default false. */
  readonly join: boolean;
  /** The number of shards of the cluster; from 1, the same on every node, for good. Default 16. */
  readonly shards: number;
  /** A shard with fewer replicas in sync refuses writes; from 1. Default 1. */
  readonly minInSync: number;
  /** Copies of each shard, or fewer while there are fewer nodes; 1 to 16. Default 3. */
  readonly replicas: number;
  /** Positions of a node on the ring that places the shards; 1 to 1,024. Default 64. */
  readonly vnodes: number;
  /** Folder of this node's data, absolute. Undefined: the data lives in memory. */
  readonly dataDir: string | undefined;
  /** How durable an acknowledged write is, the same on every node. Default: `always` with `dataDir`, else `memory`. */
  readonly durability: DurabilityMode | undefined;
  /** Time between two flushes with the durability `interval`. Default 1,000. */
  readonly syncIntervalMs: number;
  /** Where the data is beside the log; other than `memory` only with `dataDir`. Default `memory`. */
  readonly state: StateKind;
  /** With `state` `postgres`: the URL of the database. It may contain a password. */
  readonly postgres: string | undefined;
  /** How long the database may give no answer before the node hands over the shards that it leads. Default 5,000. */
  readonly stateTimeoutMs: number;
  /** Room that the data directory may take, in bytes; from 1 GiB. Default: 90 % of the room on its file system, at least 1 GiB. */
  readonly maxData: number | undefined;
  /** Whether the node keeps no order of the keys that it has in memory, and so cannot scan them. Default false. */
  readonly noOrder?: boolean | undefined;
  /** Log that is kept on disk although snapshots cover it. Default 64 MiB. */
  readonly retainLogBytes: number;
  /** The name of what fails together with this node, such as a rack; undefined: none. */
  readonly zone: string | undefined;
  /** The node's share of the shards, relative to that of other nodes; 1 to 100. Default 1. */
  readonly weight: number;
  /** How long after a node vanished its shards are copied to others. Default 60,000. */
  readonly replaceAfterMs: number;
  /** Time between two beacons of a primary. Default 150, minimum 10. */
  readonly beaconMs: number;
  /** How long an answered beacon lets the primary serve reads; more than `beaconMs`. Default 1,000. */
  readonly leaseMs: number;
  /** How long a backup stays loyal after a beacon; more than `leaseMs`. Default 1,250. */
  readonly graceMs: number;
  /** ZooKeeper session timeout. Default 6,000. */
  readonly sessionMs: number;
  /** Largest value in bytes. Default 1 MiB. */
  readonly maxValueBytes: number;
  /** Memory that the node may use, in bytes; from 256 MiB. Default: half of what the machine or the container has. */
  readonly maxMemory: number | undefined;
  /** Bytes a second at which this node sends snapshots, all together; from 64 KiB. Default 10,000,000. */
  readonly moveRate: number | undefined;
  /** A planned stop that takes longer is ended. Default 10,000. */
  readonly stopDeadlineMs: number;
  /** The formats that the node supports. Default: those of this version of kvnode. Only tests of upgrades set others. */
  readonly formats?: FormatRange;
  /** What was begun with the data directory while the program was loaded. Default: the node begins it. It closes the folder. */
  readonly begun?: BegunData | undefined;
  /** Gets the calls of the disk that are under way while the node starts. */
  readonly diskCalls?: DiskCalls;
  readonly logger: Logger;
  /** The state of the output behind `logger`: how many lines could not be written. Default: none is ever lost. */
  readonly log?: LogState;
}
