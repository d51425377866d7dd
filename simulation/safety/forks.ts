/**
 * Lines that a removed replica begins, because ZooKeeper has forgotten its removal (R7): it lacks what was
 * acknowledged since, so its line is a generation of its own. Replicas that know of the removal keep their data until
 * an operator gives it up (R13).
 */
import { type Effect, type EpochMark, endOf, type LogEntry, type ShardState } from '../../src/replication/index.js';
import type { Disk } from '../virtual/disk.js';
import type { ReplicaProcess } from '../virtual/process.js';
import { require } from './violation.js';

export class Forks {
  readonly #world: { readonly disks: readonly Disk[] };
  /** The most removals that were seen in an epoch, by its id. */
  readonly #mostRemovals = new Map<string, number>();
  /** The generations, by ids of the epochs with which the forks began. */
  readonly #generations = new Map<string, number>();
  /** The members after the last removal of an epoch, by its id. */
  readonly #members = new Map<string, readonly string[]>();
  /** The removals that forks have not seen, by the id of the epoch that they left: the fewest that a fork had seen there. */
  readonly #leftAfter = new Map<string, number>();
  /** Replicas that must not discard what they hold. */
  readonly #keepers = new Set<string>();

  constructor(world: { readonly disks: readonly Disk[] }) {
    this.#world = world;
  }

  /**
   * ZooKeeper has forgotten a removal, and the primary has not corrected that yet: members of the set may lack
   * entries.
   */
  isBehind(state: ShardState): boolean {
    return this.#isForgotten(endOf(state));
  }

  /** Whether this epoch was claimed from a state that had forgotten a removal. */
  isFork({ epoch, lineage }: ShardState, before: ShardState | undefined): boolean {
    const begun = lineage.at(-2);
    return begun !== undefined && epoch > (before?.epoch ?? epoch) && this.#isForgotten(begun);
  }

  /** True if this state goes on from the fork with which the generation began. */
  isOf({ lineage }: ShardState, generation: number): boolean {
    return lineage.some(({ id }) => this.#generations.get(id) === generation);
  }

  noteRemovals(state: ShardState): void {
    const { id, removals = 0 } = endOf(state);
    if (removals > (this.#mostRemovals.get(id) ?? 0)) this.#members.set(id, state.inSync);
    this.#mostRemovals.set(id, Math.max(removals, this.#mostRemovals.get(id) ?? 0));
  }

  begin({ lineage }: ShardState, generation: number): void {
    this.#generations.set(endOf({ lineage }).id, generation);
  }

  /**
   * After a fork, replicas that know of the removal keep their data. Each member that holds a committed entry which
   * the fork lacks must be one of them.
   */
  keep({ lineage, primary }: ShardState, committed: readonly LogEntry[]): void {
    const { id, removals = 0 } = lineage.at(-2)!;
    this.#leftAfter.set(id, Math.min(removals, this.#leftAfter.get(id) ?? removals));
    const disks = this.#world.disks.filter(({ destroyed, complete }) => !destroyed && complete);
    const beginning = disks.find(({ replicaId }) => replicaId === primary);
    const lost = beginning && committed.find((entry) => !holds(beginning, entry));
    for (const disk of disks) {
      const known = disk.line?.lineage.at(-1);
      const knows = known?.id === id && (known.removals ?? 0) > removals;
      if (knows) this.#keepers.add(disk.replicaId);
      const isMember = this.#members.get(id)?.includes(disk.replicaId) === true;
      require(knows || !isMember || lost === undefined || !holds(disk, lost), () =>
        `${disk.replicaId} holds the committed entry ${lost?.seq}, and does not know of the removal of ${primary}, which lacks it`);
    }
  }

  /** An operator has chosen a line. */
  onForced({ lineage }: ShardState): void {
    if (lineage.some(({ id }) => this.#generations.has(id))) return;
    this.#keepers.clear();
    this.#leftAfter.clear();
  }

  /** A primary that was frozen alone in its set serves its own line for a moment, until it learns of the other (R7). */
  isKeeper(disk: Disk): boolean {
    return this.#keepers.has(disk.replicaId) || this.#hasLearnedLater(disk);
  }

  /** The removal had not reached the disk yet when the fork began. */
  #hasLearnedLater({ line }: Disk): boolean {
    const { id, removals = 0 } = line?.lineage.at(-1) ?? { id: '' };
    return removals > (this.#leftAfter.get(id) ?? Number.POSITIVE_INFINITY);
  }

  onEffect({ replicaId, disk }: ReplicaProcess, effect: Effect): void {
    if (effect.type === 'note' && effect.note.kind === 'historyGivenUp') this.#keepers.delete(replicaId);
    if (effect.type !== 'persist') return;
    const { change } = effect;
    const isDiscarded = change.type === 'reset' || change.type === 'truncate';
    require(!isDiscarded || !this.#keepers.has(replicaId), () =>
      `${replicaId} discards what was acknowledged after a removal, and no operator has given it up`);
    if (change.type !== 'line') return;
    const generations = change.line.lineage.map(({ id }) => this.#generations.get(id) ?? 0);
    disk.generation = Math.max(disk.generation, ...generations);
  }

  #isForgotten({ id, removals = 0 }: EpochMark): boolean {
    return removals < (this.#mostRemovals.get(id) ?? 0);
  }
}

function holds(disk: Disk, { seq, epoch }: LogEntry): boolean {
  return seq <= disk.baseSeq || disk.entryAt(seq)?.epoch === epoch;
}
