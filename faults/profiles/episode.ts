/** Runs one cluster from start to end under one profile: load, faults, recovery, final reads, checks. */

import { checkHistory, type FinalState, type HistoryReport, isClean, type Operation } from '../../verification/index.js';
import { mulberry32 } from '../../verification/random.js';
import { ClientFleet } from '../clients/client-fleet.js';
import { patientName, pinnedName } from '../clients/client-wire.js';
import { FaultCluster, NotInSyncError } from '../cluster/fault-cluster.js';
import { openNetwork } from '../network/open-network.js';
import type { RunScope } from '../network/run-scope.js';
import type { Profile } from './profile.js';
import { syncPatienceMs } from './profile.js';
import { carryOut, NotServedError, type ScheduleLog, waitForService } from './schedule.js';

export interface EpisodeOptions {
  readonly profile: Profile;
  readonly seed: number;
  readonly durationMs: number;
  readonly scope: RunScope;
  readonly print: (line: string) => void;
}

export interface Episode {
  readonly seed: number;
  readonly limitation: string | undefined;
  readonly shardCount: number;
  readonly history: readonly Operation[];
  /** The operations that measure service: the history without the final reads and the pinned reads. */
  readonly served: readonly Operation[];
  /** Writes with the default deadline whose outcome is unknown: recognised retries (R16) should make them rare. */
  readonly unknownAtDefaultDeadline: readonly Operation[];
  /** The duration of the load. */
  readonly loadMs: number;
  readonly schedule: ScheduleLog;
  /** Set if the cluster did not get in sync again. Then there are no final reads. */
  readonly stuck: string | undefined;
  /** Processes that ended by themselves, and nodes that did not stop in time. */
  readonly crashes: readonly string[];
  readonly unreadKeys: number;
  readonly report: HistoryReport;
}

/** Whether all checks were completed and none failed. */
export function foundNothing({ report, stuck, crashes, unreadKeys }: Episode): boolean {
  return isClean(report) && stuck === undefined && crashes.length === 0 && unreadKeys === 0;
}

/** @throws Error if the run itself failed, so that it has no result about the cluster */
export async function runEpisode({ profile, seed, durationMs, scope, print }: EpisodeOptions): Promise<Episode> {
  const opened = await openNetwork(scope);
  await using network = opened.network;
  if (opened.limitation !== undefined) print(opened.limitation);
  const { nodes, zookeepers, durability, state, extra } = profile;
  await using cluster = await FaultCluster.start({ network, folder: scope.folder, nodes, zookeepers, durability, state, extra });
  await cluster.waitForSync(syncPatienceMs);
  const { shards } = await cluster.topology();
  const fleet = new ClientFleet(cluster, profile.load, seed, scope.folder);
  await fleet.start();
  const startedAtMs = performance.now();
  const random = mulberry32(seed);
  const schedule: ScheduleLog = { rounds: [], waits: 0, waitedMs: 0 };
  let stuck: string | undefined;
  try {
    const servedSince = (timeUs: number): boolean => fleet.servedSince(timeUs);
    await carryOut(profile, { cluster, random, endAtMs: startedAtMs + durationMs, log: schedule, servedSince, print });
    await cluster.waitForSync(syncPatienceMs);
    await waitForService({ servedSince });
  } catch (error) {
    if (!(error instanceof NotInSyncError || error instanceof NotServedError)) throw error;
    stuck = error.message;
    print(`STUCK: ${stuck}`);
  }
  await fleet.stop();
  const loadMs = performance.now() - startedAtMs;
  const served = fleet.history.filter(({ client }) => !client.startsWith(pinnedName));
  print(`faults are over after ${Math.round(loadMs / 1_000)} s; reading every key`);
  const final: FinalState = stuck === undefined ? await fleet.readEveryKey() : new Map();
  const unreadKeys = stuck === undefined ? fleet.unread(final).length : 0;
  print(`checking ${fleet.history.length} operations`);
  const report = checkHistory(fleet.history, final);
  const crashes = cluster.nodes.flatMap((node) => node.crashes);
  return {
    seed,
    limitation: opened.limitation,
    shardCount: shards.length,
    history: fleet.history,
    served,
    unknownAtDefaultDeadline: served.filter(
      ({ client, call, outcome }) => client.startsWith(patientName) && call.kind !== 'get' && outcome.kind === 'unknown',
    ),
    loadMs,
    schedule,
    stuck,
    crashes,
    unreadKeys,
    report,
  };
}
