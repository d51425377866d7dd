/** A profile: a cluster, a load and a kind of schedule. `profiles.ts` lists those that can be run. */
import type { Mix } from './client-wire.js';
import type { Nemesis, Role } from './nemesis.js';

/** Without faults for this long, a cluster that is not in sync, or answers no operation, counts as stuck. */
export const syncPatienceMs = 90_000;

export interface Load {
  readonly processes: number;
  /** In each process. */
  readonly workers: number;
  /** Operations on one key that a worker may have under way; 1: the next begins when the one before has ended. */
  readonly atOnce: number;
  /** Further ones that read at one node each, this many for each node by unary calls and by pipeline (pinned-reader.ts). */
  readonly pinnedReaders: number;
  readonly thinkMs: number;
  readonly keyspace: number;
  readonly mix: Mix;
  readonly deadlineMs: number;
}

export type Schedule =
  /** One node killed and started again at once, every so often; both must be in sync before each. */
  | { readonly kind: 'steady'; readonly victim: Exclude<Role, 'any'>; readonly intervalMs: number }
  /** Rounds of up to `atOnce` faults, all healed and in sync before the next. */
  | { readonly kind: 'rounds'; readonly nemeses: readonly Nemesis[]; readonly atOnce: number };

export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly nodes: number;
  readonly zookeepers: number;
  /** Options of every node, word by word. */
  readonly extra: readonly string[];
  readonly load: Load;
  readonly schedule: Schedule;
  /** Unless the command line says otherwise. */
  readonly minutes: number;
}
