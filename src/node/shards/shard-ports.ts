/** The interfaces through which the host of a replica reaches everything outside: other replicas, ZooKeeper, its node. */
import type { Effect, Message, ReplicaId, ShardState } from '../../replication/index.js';

export interface ShardPorts {
  send(message: Message): void;
  setLinks(to: readonly ReplicaId[]): void;
  /** The outcome comes back as a `proposalResult`. */
  writeState(proposal: number, expectedVersion: number | undefined, next: ShardState): void;
  /** `afterWrite`: the state that is read must follow a write of this session (R7). */
  refreshState(afterWrite: boolean): void;
  /** The candidate's znode is to name the history whose data the replica holds (R3). */
  nameHistory(history: string | undefined): void;
  requestSnapshot(dump: Extract<Effect, { type: 'requestSnapshot' }>): void;
  serveSnapshot(dump: Extract<Effect, { type: 'serveSnapshot' }>): void;
  refuseSnapshot(dump: Extract<Effect, { type: 'refuseSnapshot' }>): void;
  /** Keys were deleted because they were due: for each, how long after that (R17). */
  expired(lagsMs: readonly number[]): void;
  /** The replica's role, epoch or members may have changed. */
  changed(): void;
  /** The cost of its data may have changed, uncommitted writes included. */
  dataChanged(): void;
  stopped(clean: boolean): void;
  released(): void;
  /** An invariant is broken or the storage has failed: the node must end. */
  failed(error: Error): void;
}
