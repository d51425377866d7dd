/** The profiles that can be run, each under a name. */
import { type Mix, patientDeadlineMs } from '../clients/client-wire.js';
import { databaseFaults } from '../nemeses/database-faults.js';
import { nodeCuts, zookeeperCuts } from '../nemeses/link-faults.js';
import { moveFaults } from '../nemeses/move-faults.js';
import type { Nemesis } from '../nemeses/nemesis.js';
import { freezes, handover, kills } from '../nemeses/node-faults.js';
import { powerLosses } from '../nemeses/power-losses.js';
import { ensembleFaults, zookeeperOutages } from '../nemeses/zookeeper-faults.js';
import { lossesOfMany, lossesOfOne } from '../nemeses/zookeeper-losses.js';
import { rollbacksOfMany, rollbacksOfOne } from '../nemeses/zookeeper-rollbacks.js';
import type { Load, Profile, Schedule } from './profile.js';

/** With one shard there is one primary, which every fault concerns. */
const oneShard = ['--shards', '1'];

const halfAndHalf: Mix = { get: 4, write: 4, transact: 1 };
const everything: Mix = { get: 8, write: 9, transact: 4 };

/** Few keys, so that clients contend for them, and pauses, so that the load leaves the machine time for the faults. */
const sharedLoad: Load = {
  processes: 3,
  patientProcesses: 1,
  workers: 4,
  atOnce: 4,
  pinnedReaders: 1,
  thinkMs: 8,
  keyspace: 40,
  mix: everything,
  deadlineMs: 4_000,
};

const classicLoad: Omit<Load, 'keyspace'> = {
  processes: 4,
  patientProcesses: 4,
  workers: 1,
  atOnce: 1,
  pinnedReaders: 0,
  thinkMs: 0,
  mix: halfAndHalf,
  deadlineMs: patientDeadlineMs,
};

function classic(victim: 'primary' | 'backup', keyspace: number, intervalMs: number): Profile {
  return {
    name: `classic-${keyspace}-${victim}`,
    description: `two nodes, four clients, the ${victim} killed every ${intervalMs / 1_000} s, ${keyspace} keys`,
    nodes: 2,
    zookeepers: 1,
    durability: 'memory',
    state: 'memory',
    extra: oneShard,
    load: { ...classicLoad, keyspace },
    schedule: { kind: 'steady', victim, intervalMs },
    minutes: 1.5,
  };
}

function rounds(
  name: string,
  description: string,
  nemeses: readonly Nemesis[],
  more: Partial<Profile> = {},
  atOnce = 1,
): Profile {
  const schedule: Schedule = { kind: 'rounds', nemeses, atOnce };
  const cluster = { nodes: 3, zookeepers: 1, durability: 'memory', state: 'memory', extra: oneShard } as const;
  return { name, description, schedule, ...cluster, load: sharedLoad, minutes: 2, ...more };
}

const withMinInSync = { extra: [...oneShard, '--min-in-sync', '2'] };
const withEnsemble = { zookeepers: 3 };
const mixed = [...kills, ...freezes, handover, ...zookeeperCuts, ...nodeCuts, ...zookeeperOutages];

/**
 * Five busy nodes, ZooKeeper and the clients may share two cores. With the default lease, members would be taken out
 * of the set only because they are slow, and a fault might then hit the last member.
 */
const manyShards = {
  nodes: 5,
  extra: [
    ...['--shards', '16', '--replicas', '3', '--session-ms', '4000', '--replace-after-ms', '2000'],
    ...['--lease-ms', '3000', '--grace-ms', '3750', '--stop-deadline-ms', '20000'],
  ],
  load: { ...sharedLoad, keyspace: 256 },
  minutes: 10,
};
/** For losses of ZooKeeper's data: the default session timeout, so that a session is shorter than a freeze. */
const fewShards = { ...manyShards, nodes: 4, minutes: 5 };

/**
 * Nodes that lose power. The in-sync set may shrink to one member (--min-in-sync 1): then only that node has the newest writes,
 * and the others, whichever starts first, must not serve before it is back. Every shard of a node is in the same log. With two
 * cores several nodes that start are slow, so the lease is longer than the default.
 */
const onDisk = {
  durability: 'always',
  extra: [...['--shards', '4', '--min-in-sync', '1', '--session-ms', '4000'], ...['--lease-ms', '2000', '--grace-ms', '2500']],
  minutes: 4,
} as const;
const inMoves = [...moveFaults, ...freezes.slice(2), ...zookeeperCuts, ...zookeeperOutages];

export const profiles: readonly Profile[] = [
  classic('primary', 100, 5_000),
  classic('backup', 100, 5_000),
  classic('primary', 1_000, 4_000),
  classic('primary', 10_000, 4_000),
  classic('primary', 100_000, 4_000),
  rounds('kill', 'three nodes, one killed and started again empty', kills),
  rounds('freeze', 'three nodes, one frozen for less than a lease, more than grace, or more than a session', freezes),
  rounds('handover', 'three nodes, the primary stopped by SIGTERM', [handover]),
  rounds('partition', 'three nodes, links cut one way or both', [...nodeCuts, ...zookeeperCuts]),
  rounds('partition-min-in-sync', 'the same with --min-in-sync 2', [...nodeCuts, ...zookeeperCuts], withMinInSync),
  rounds('zookeeper', 'three nodes, ZooKeeper stopped or frozen for 5 to 20 s', zookeeperOutages),
  rounds('ensemble', 'three nodes, one of three ZooKeeper servers killed', ensembleFaults, withEnsemble),
  rounds('mixed', 'three nodes, up to three faults at once', mixed, { minutes: 10 }, 3),
  rounds('mixed-min-in-sync', 'the same with --min-in-sync 2', mixed, { ...withMinInSync, minutes: 10 }, 3),
  rounds('mixed-ensemble', 'the same with three ZooKeeper servers', [...mixed, ...ensembleFaults], withEnsemble, 3),
  rounds(
    'many-shards',
    '16 shards on five nodes that leave, join, flap, and are killed in the middle of moves',
    inMoves,
    manyShards,
    2,
  ),
  rounds(
    'zookeeper-empty',
    'three nodes, ZooKeeper loses everything, with and without new nodes, freezes and kills',
    lossesOfOne,
  ),
  rounds('zookeeper-empty-many-shards', 'the same with 16 shards on four nodes', lossesOfMany, fewShards),
  rounds('zookeeper-older', 'three nodes, ZooKeeper restarts with an older copy of its data', rollbacksOfOne),
  rounds('zookeeper-older-many-shards', 'the same with 16 shards on four nodes', rollbacksOfMany, fewShards),
  rounds('power', 'three nodes with data on disk, flushed before each answer, all lose power at once', powerLosses, onDisk),
  rounds('power-interval', 'the same with a log that is flushed at intervals', powerLosses, {
    ...onDisk,
    durability: 'interval',
  }),
  rounds(
    'postgres',
    'three nodes, each with a PostgreSQL that is stopped, paused, slow, read-only, out of connections, or replaced by an older copy',
    [...databaseFaults, ...powerLosses.slice(3), ...freezes.slice(2), handover],
    { ...onDisk, state: 'postgres', minutes: 10 },
    2,
  ),
  rounds('short', 'kills, freezes and handovers one after the other, for npm run test:long', [
    ...kills,
    ...freezes.slice(0, 4),
    handover,
  ]),
];

/** @returns all profiles, the profile of that name, or else the profiles whose names begin with it and a dash */
export function profilesNamed(wanted: string): Profile[] {
  const exact = profiles.filter(({ name }) => name === wanted);
  return exact.length > 0 ? exact : profiles.filter(({ name }) => wanted === 'all' || name.startsWith(`${wanted}-`));
}
