/**
 * What `shards/<s>/state` in ZooKeeper holds, and every way in which it may change.
 *
 * `state` is only written by compare-and-set on its znode version. Each function here that returns a `ShardState` is one legal
 * change, and only the replica that its rule names may make it. Pure.
 */

import type { Epoch, EpochId, HistoryId, ReplicaId, Seq } from './ids.js';
import { type EpochMark, endOf, extended, isGivenUp, type Line, removalsOf, withRemovals } from './lineage.js';

/** The content of `state`. */
export interface ShardState {
  /** Minted at the birth; stays the same for as long as the shard's data goes on (R1). */
  readonly history: HistoryId;
  /** Grows by one with every change of primary; from 1. */
  readonly epoch: Epoch;
  /** The epochs that led here, each with its id; the last is this one (R1). */
  readonly lineage: readonly EpochMark[];
  /** Undefined once the history has been ended on purpose (R13). */
  readonly primary: ReplicaId | undefined;
  /** Sorted. Holds every acknowledged write. Empty only when `primary` is undefined. */
  readonly inSync: readonly ReplicaId[];
  /** No primary of this epoch or a later one appends below it; only R13 raises it. From 1. */
  readonly seqFloor: Seq;
  /** Ids of histories and epochs that an operator's command gave up: replicas that hold their data discard it (R13). */
  readonly givenUp: readonly string[];
}

/**
 * `state` remembers at most this many given-up ids, which bounds the znode. A replica whose id has been forgotten is reported as
 * holding another history; a further command can give it up.
 */
const longestGivenUp = 64;

/** This many versions are skipped when acknowledged writes may have been lost, so that no version is used twice (R13). */
export const forcedSeqGap = 2 ** 32;

/**
 * At least this many epochs are skipped when ZooKeeper has lost `state`: other replicas than the chosen one may know newer
 * epochs than it does (R13).
 */
export const lostStateEpochGap = 2 ** 10;

/** R3: the birth of a history. */
export function born(self: ReplicaId, history: HistoryId, id: EpochId): ShardState {
  return { history, epoch: 1, lineage: [{ epoch: 1, id }], primary: self, inSync: [self], seqFloor: 1, givenUp: [] };
}

/** The next epoch of the same history. */
function nextEpoch({ epoch, lineage }: ShardState, id: EpochId): Pick<ShardState, 'epoch' | 'lineage'> {
  return { epoch: epoch + 1, lineage: extended(lineage, { epoch: epoch + 1, id }) };
}

/** R4: a claim. The old primary leaves the set, unless it is the claimant itself. */
export function claimed(state: ShardState, self: ReplicaId, id: EpochId): ShardState {
  const inSync = state.inSync.filter((id) => id === self || id !== state.primary);
  return { ...state, ...nextEpoch(state, id), primary: self, inSync };
}

/** R7 and R10: the primary takes joiners in and evicts members. The caller counts the removals. */
export function withMembers(state: ShardState, added: readonly ReplicaId[], removed: readonly ReplicaId[]): ShardState {
  const inSync = new Set([...state.inSync, ...added].filter((id) => !removed.includes(id)));
  return { ...state, inSync: [...inSync].sort() };
}

/**
 * R7: one more removal than `known`, the line of the primary's data. Each remaining member must hold every acknowledged write:
 * from here on it may claim.
 */
export function withRemovalAfter(state: ShardState, known: Line): ShardState {
  const removals = Math.max(removalsOf(endOf(state)), removalsOf(endOf(known))) + 1;
  return { ...state, lineage: withRemovals(state.lineage, removals) };
}

/** R12: the old primary stays in the set until the successor serves. */
export function handedOver(state: ShardState, successor: ReplicaId, id: EpochId): ShardState {
  return { ...state, ...nextEpoch(state, id), primary: successor };
}

/** R13, planned stop of the last member of a shard that lives in memory. */
export function ended(state: ShardState, lastSeq: Seq, id: EpochId): ShardState {
  const seqFloor = Math.max(state.seqFloor, lastSeq + 1);
  return { ...state, ...nextEpoch(state, id), primary: undefined, inSync: [], seqFloor };
}

export function isEnded(state: ShardState): boolean {
  return state.primary === undefined;
}

/** R13: the first candidate after an ended history begins empty. The history keeps its id. */
export function bornAgain(state: ShardState, self: ReplicaId, id: EpochId): ShardState {
  return { ...state, ...nextEpoch(state, id), primary: self, inSync: [self] };
}

/** The facts from which the replica that an operator chose goes on (R13). */
export interface ForceBasis {
  /**
   * The `state` that its data belongs to. Undefined if ZooKeeper has lost it. Then the floor is unknown, but it has been raised
   * at most once for each epoch.
   */
  readonly state: ShardState | undefined;
  /** The line of its data; for a replica without data, the history that begins. */
  readonly line: Line | { readonly history: HistoryId; readonly lineage: readonly [] };
  readonly knownEpoch: Epoch;
  readonly lastSeq: Seq;
  /** The ids that were given up before, and those that this command gives up. */
  readonly givenUp: readonly string[];
}

/** R13, the operator's command. */
export function forced(self: ReplicaId, { state, line, knownEpoch, lastSeq, givenUp }: ForceBasis, id: EpochId): ShardState {
  const epoch = state === undefined ? knownEpoch + lostStateGapOf(self) : Math.max(state.epoch, knownEpoch) + 1;
  const lastFloor = state === undefined ? epoch * forcedSeqGap : state.seqFloor;
  const lineage = extended(line.lineage, { epoch, id });
  return {
    history: line.history,
    epoch,
    lineage,
    primary: self,
    inSync: [self],
    seqFloor: Math.max(lastFloor, lastSeq + 1) + forcedSeqGap,
    givenUp: remembered(givenUp, { history: line.history, lineage }),
  };
}

/** Drops the ids of the chosen line: an earlier command may have given it up. */
function remembered(givenUp: readonly string[], chosen: Line): readonly string[] {
  return [...new Set(givenUp)].filter((id) => !isGivenUp(chosen, [id])).slice(-longestGivenUp);
}

/** R13, the command at a primary: its line goes on, and these ids are given up. */
export function withGivenUp(state: ShardState, ids: readonly string[]): ShardState {
  return { ...state, givenUp: remembered([...state.givenUp, ...ids], state) };
}

/** The id of the newest epoch. */
export function epochIdOf(state: ShardState): EpochId {
  return endOf(state).id;
}

/**
 * How many epochs this replica skips. It differs between replicas: another one may have been forced from the same epoch before
 * ZooKeeper lost that `state`, too. The hash is FNV-1a.
 */
export function lostStateGapOf(self: ReplicaId): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < self.length; index++) hash = Math.imul(hash ^ self.charCodeAt(index), 0x01000193);
  return lostStateEpochGap + ((hash >>> 0) % lostStateEpochGap);
}
