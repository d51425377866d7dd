/** The ids and numbers by which the protocol names replicas, histories, epochs and positions in a log. */

/** `<node id>~<random>`: minted together with the data it names (R1). */
export type ReplicaId = string;
/** Random, minted at the birth of the shard. */
export type HistoryId = string;
/** Grows by one with every change of primary; 0 for none. */
export type Epoch = number;
/** Random, minted with each change of primary. */
export type EpochId = string;
/** A position in the log of a shard, from 1; 0 for none. */
export type Seq = number;

export function nodeIdOf(replica: ReplicaId): string {
  const end = replica.lastIndexOf('~');
  return end === -1 ? replica : replica.slice(0, end);
}
