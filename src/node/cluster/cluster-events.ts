/**
 * Passes the reports of ZooKeeper's watches to the parts of the node, in the order in which these were built. So a change travels one
 * way: from ZooKeeper through the parts that know, hold and decide down to the watchers of the topology.
 */
import type {
  Candidate,
  ConfigConflict,
  CoordinatorListener,
  NodeRegistration,
  SessionStatus,
  StateReading,
  VersionedPlacement,
} from '../../coordination/index.js';

/** A part of the node that needs some of the reports. `CoordinatorListener` describes them. */
export interface ClusterListener {
  onSession?(connected: boolean): void;
  onState?(shard: number, reading: StateReading): void;
  onCandidates?(shard: number, candidates: readonly Candidate[]): void;
  onNodes?(nodes: readonly NodeRegistration[], version: number, drainingIds: readonly string[]): void;
  onPlacement?(read: VersionedPlacement | undefined): void;
  onFormat?(version: number): void;
  onConflict?(conflict: ConfigConflict | undefined): void;
  onFatal?(error: Error): void;
}

export class ClusterEvents implements CoordinatorListener {
  readonly #listeners: ClusterListener[] = [];

  subscribe(listener: ClusterListener): void {
    this.#listeners.push(listener);
  }

  onSession(status: SessionStatus): void {
    for (const listener of this.#listeners) listener.onSession?.(status === 'connected');
  }

  onState(shard: number, reading: StateReading): void {
    for (const listener of this.#listeners) listener.onState?.(shard, reading);
  }

  onCandidates(shard: number, candidates: readonly Candidate[]): void {
    for (const listener of this.#listeners) listener.onCandidates?.(shard, candidates);
  }

  onNodes(nodes: readonly NodeRegistration[], version: number, drainingIds: readonly string[]): void {
    for (const listener of this.#listeners) listener.onNodes?.(nodes, version, drainingIds);
  }

  onPlacement(read: VersionedPlacement | undefined): void {
    for (const listener of this.#listeners) listener.onPlacement?.(read);
  }

  onFormat(version: number): void {
    for (const listener of this.#listeners) listener.onFormat?.(version);
  }

  onConflict(conflict: ConfigConflict | undefined): void {
    for (const listener of this.#listeners) listener.onConflict?.(conflict);
  }

  onFatal(error: Error): void {
    for (const listener of this.#listeners) listener.onFatal?.(error);
  }
}
