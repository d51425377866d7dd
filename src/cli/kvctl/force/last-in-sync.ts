/**
 * Finds out whether a copy with every acknowledged write remains, after ZooKeeper has lost or set back the state of a
 * shard.
 *
 * Pure.
 *
 * The members of an in-sync set hold every acknowledged write, and only a member could have changed the set since. So
 * nothing is lost if each member of the last reported set still runs with its data: it would know of a later change.
 * If a member is gone, it may have made a change that no live process knows.
 */
import type { CandidateReplica } from './choose-replica.js';
import type { ShardHistory } from './shard-histories.js';

export interface LastInSync {
  /** Node ids of the members that still hold their data. */
  readonly left: readonly string[];
  /** Replica ids of the members that hold no data any more, or did not answer. */
  readonly gone: readonly string[];
}

/** Undefined: no replica that answered knows the set of the newest epoch. */
export function lastInSync({ history, holders }: ShardHistory, replicas: readonly CandidateReplica[]): LastInSync | undefined {
  const sets = replicas.flatMap(({ replica: { lost } }) =>
    lost?.position?.history === history ? [{ epoch: lost.position.epoch, inSync: lost.inSync }] : [],
  );
  const epochs = [...holders.map(({ replica }) => replica.epoch), ...sets.map(({ epoch }) => epoch)];
  const newest = Math.max(...epochs);
  const members = new Set(sets.filter(({ epoch }) => epoch === newest).flatMap(({ inSync }) => inSync));
  if (members.size === 0) return undefined;
  const left = holders.filter(({ replica }) => members.has(replica.replicaId));
  const leftIds = new Set(left.map(({ replica }) => replica.replicaId));
  return { left: left.map(({ node }) => node.id), gone: [...members].filter((id) => !leftIds.has(id)) };
}
