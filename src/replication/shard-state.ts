/**
 * What `shards/<s>/state` in ZooKeeper holds, and every way in which it may change.
 *
 * It is only ever written by compare-and-set on its znode version, so each function here is one legal step; the caller
 * must be the replica that the rule names. Pure.
 */

/** `<node id>~<random>`: minted together with the data it names (R1). */
export type ReplicaId = string;
export type Epoch = number;
export type Seq = number;

export interface ShardState {
  /** Grows by one with every change of primary; from 1. */
  readonly epoch: Epoch;
  /** Undefined once the history has been ended on purpose (R13). */
  readonly primary: ReplicaId | undefined;
  /** Sorted. Holds every acknowledged write. Empty only when `primary` is undefined. */
  readonly inSync: readonly ReplicaId[];
  /** No primary of this epoch or a later one appends below it; only R13 raises it. From 1. */
  readonly seqFloor: Seq;
}

/** Versions skipped when acknowledged writes may have been lost, so that none is used twice (R13). */
export const forcedSeqGap = 2 ** 32;

/** Epochs skipped when ZooKeeper has lost `state`: the newest may be known only to replicas other than the one that goes on (R13). */
export const lostStateEpochGap = 2 ** 10;

/** R3. */
export function born(self: ReplicaId): ShardState {
  return { epoch: 1, primary: self, inSync: [self], seqFloor: 1 };
}

/** R4: the old primary goes out, unless it is the claimant itself. */
export function claimed(state: ShardState, self: ReplicaId): ShardState {
  const inSync = state.inSync.filter((id) => id === self || id !== state.primary);
  return { ...state, epoch: state.epoch + 1, primary: self, inSync };
}

/** R7 and R10: joiners come in, members that are gone go out. */
export function withMembers(state: ShardState, added: readonly ReplicaId[], removed: readonly ReplicaId[]): ShardState {
  const inSync = new Set([...state.inSync, ...added].filter((id) => !removed.includes(id)));
  return { ...state, inSync: [...inSync].sort() };
}

/** R12: the old primary stays in the set until the successor serves. */
export function handedOver(state: ShardState, successor: ReplicaId): ShardState {
  return { ...state, epoch: state.epoch + 1, primary: successor };
}

/** R13, planned stop of the last member of a shard that lives in memory. */
export function ended(state: ShardState, lastSeq: Seq): ShardState {
  return { epoch: state.epoch + 1, primary: undefined, inSync: [], seqFloor: Math.max(state.seqFloor, lastSeq + 1) };
}

export function isEnded(state: ShardState): boolean {
  return state.primary === undefined;
}

/** R13: the first candidate after an ended history begins empty. */
export function bornAgain(state: ShardState, self: ReplicaId): ShardState {
  return { ...state, epoch: state.epoch + 1, primary: self, inSync: [self] };
}

/**
 * R13, the operator's command. `state` is undefined if ZooKeeper has lost it; the floor is unknown then, but has been raised
 * no more often than there have been epochs.
 */
export function forced(state: ShardState | undefined, self: ReplicaId, knownEpoch: Epoch, lastSeq: Seq): ShardState {
  const epoch = state === undefined ? knownEpoch + lostStateGapOf(self) : Math.max(state.epoch, knownEpoch) + 1;
  const lastFloor = state === undefined ? epoch * forcedSeqGap : state.seqFloor;
  return { epoch, primary: self, inSync: [self], seqFloor: Math.max(lastFloor, lastSeq + 1) + forcedSeqGap };
}

/** Not the same for all: another may have been forced from the same epoch, and ZooKeeper lost that state as well. FNV-1a. */
export function lostStateGapOf(self: ReplicaId): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < self.length; index++) hash = Math.imul(hash ^ self.charCodeAt(index), 0x01000193);
  return lostStateEpochGap + ((hash >>> 0) % lostStateEpochGap);
}

export function nodeIdOf(replica: ReplicaId): string {
  const end = replica.lastIndexOf('~');
  return end === -1 ? replica : replica.slice(0, end);
}
