import type { ReplicaId } from '../protocol/ids.js';
import type { Peer } from './peer.js';

/** The peers of a primary: a map that is read as a list with nearly every message, and changes rarely. */
export class Peers {
  readonly #byId = new Map<ReplicaId, Peer>();
  #all: readonly Peer[] = [];

  get size(): number {
    return this.#all.length;
  }

  get(id: ReplicaId): Peer | undefined {
    return this.#byId.get(id);
  }
  has(id: ReplicaId): boolean {
    return this.#byId.has(id);
  }
  /** A list that does not change when peers come or go. */
  values(): readonly Peer[] {
    return this.#all;
  }
  /** Sorted. */
  ids(): readonly ReplicaId[] {
    return [...this.#byId.keys()].sort();
  }

  add(peer: Peer): void {
    this.#byId.set(peer.id, peer);
    this.#all = [...this.#byId.values()];
  }
  remove(id: ReplicaId): void {
    this.#byId.delete(id);
    this.#all = [...this.#byId.values()];
  }
}
