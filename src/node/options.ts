/** What one storage node is started with, resolved: every field is set and the relations between them hold. */
import type { Logger } from 'pino';
import type { LogState } from '../logging/index.js';

export interface NodeOptions {
  /** Interface to listen on: a name or a canonical IP address, without brackets. Default 127.0.0.1. */
  readonly host: string;
  /** 0 to 65,535; 0 takes any free port. Default 9090. */
  readonly port: number;
  /** Port for HTTP on the same interface; 0 takes any free one. Undefined: no HTTP. */
  readonly httpPort: number | undefined;
  /** host:port under which others reach this node, with square brackets around an IPv6 address. Default: `host` and the port in use. */
  readonly advertise: string | undefined;
  /** 1 to 64 of A-Z a-z 0-9 . _ : - [ ]; default: the advertised address. */
  readonly id: string | undefined;
  /** ZooKeeper connection string, `host:port[,host:port]…[/chroot]`. */
  readonly zk: string;
  /** Root znode. Default /kvstore. */
  readonly root: string;
  /** Whether it waits for a cluster where ZooKeeper holds none, and never founds one. Default false. */
  readonly join: boolean;
  /** Parts into which the keys of a cluster are divided; from 1, the same on every node, for good. Default 16. */
  readonly shards: number;
  /** Fewest replicas in sync with which writes are taken; from 1. Default 1. */
  readonly minInSync: number;
  /** Copies of each shard, or as many as there are nodes; 1 to 16. Default 3. */
  readonly replicas: number;
  /** Positions of a node on the ring by which shards are placed; 1 to 1,024. Default 64. */
  readonly vnodes: number;
  /** What fails together with this node; undefined: none is named. */
  readonly zone: string | undefined;
  /** Share of the shards beside that of others; 1 to 100. Default 1. */
  readonly weight: number;
  /** How long after a node vanished its shards are copied to others. Default 60,000. */
  readonly replaceAfterMs: number;
  /** Between two heartbeats of a primary. Default 150, minimum 10. */
  readonly beaconMs: number;
  /** How long an answered beacon lets the primary serve reads; more than `beaconMs`. Default 1,000. */
  readonly leaseMs: number;
  /** How long a backup stays loyal after a beacon; more than `leaseMs`. Default 1,250. */
  readonly graceMs: number;
  /** ZooKeeper session timeout. Default 6,000. */
  readonly sessionMs: number;
  /** Largest value in bytes. Default 1 MiB. */
  readonly maxValueBytes: number;
  /** Memory that the node may take, in bytes; from 256 MiB. Default: half of what the machine or the container has. */
  readonly maxMemory: number | undefined;
  /** Bytes a second at which this node sends copies of shards, all together; from 64 KiB. Default 28,000,000. */
  readonly moveRate: number | undefined;
  /** How long a planned stop may take before the node exits all the same. Default 10,000. */
  readonly stopDeadlineMs: number;
  readonly logger: Logger;
  /** Where the lines of `logger` go: how many could not be written. Default: none is ever lost. */
  readonly log?: LogState;
}
