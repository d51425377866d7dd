/** A profile: a cluster, a load and a kind of schedule. `profiles.ts` lists those that can be run. */
import type { Mix } from '../clients/client-wire.js';
import type { FaultClusterOptions } from '../cluster/fault-cluster.js';
import type { Nemesis, NodeRole } from '../nemeses/nemesis.js';

/** A cluster that is not in sync, or answers no operation, this long after the last fault counts as stuck. */
export const syncPatienceMs = 90_000;

export interface Load {
  readonly processes: number;
  /** The number of these processes whose calls have the default deadline, and not `deadlineMs`. */
  readonly patientProcesses: number;
  /** The number of workers in each process. */
  readonly workers: number;
  /** The most operations on one key that a worker has in flight. With 1 it waits for each before the next. */
  readonly atOnce: number;
  /** The number of further workers for each node and API that read only at that node (pinned-reader.ts). */
  readonly pinnedReaders: number;
  readonly thinkMs: number;
  /** A multiple of 4: four keys are a group (recorded-keys.ts). */
  readonly keyspace: number;
  readonly mix: Mix;
  readonly deadlineMs: number;
}

export type Schedule =
  /** Every `intervalMs` one node is killed and started again at once. Every node must be in sync before each kill. */
  | { readonly kind: 'steady'; readonly victim: Exclude<NodeRole, 'any'>; readonly intervalMs: number }
  /** Rounds of up to `atOnce` faults, all healed and in sync before the next. */
  | { readonly kind: 'rounds'; readonly nemeses: readonly Nemesis[]; readonly atOnce: number };

export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly nodes: number;
  readonly zookeepers: number;
  /** Unless `memory`, each node has a folder of its own, which its processes find again. */
  readonly durability: FaultClusterOptions['durability'];
  readonly state: FaultClusterOptions['state'];
  /** Options of every node, one word each. */
  readonly extra: readonly string[];
  readonly load: Load;
  readonly schedule: Schedule;
  /** The default of --minutes. */
  readonly minutes: number;
}
