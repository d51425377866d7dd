/**
 * The cluster that the node at the other end of a connection has reported. Another one than the client's counts for a while: the next
 * connection, or behind a proxy the same one, may lead to the right node again.
 */
import { monotonicNowMs } from '../call-limits.js';
import type { ClusterIdentity } from '../routing/cluster-identity.js';

/** How long a node of another cluster is not tried again over the same connection. */
const strangerMs = 5_000;

export class ReportedCluster {
  readonly #identity: ClusterIdentity;
  #id: string | undefined;
  #untilMs = 0;

  constructor(identity: ClusterIdentity) {
    this.#identity = identity;
  }

  /** The id of the node's cluster, if the client knows that it is not its own; otherwise undefined. */
  get other(): string | undefined {
    const { id } = this.#identity;
    if (this.#id === undefined || id === undefined || this.#id === id) return undefined;
    return monotonicNowMs() < this.#untilMs ? this.#id : undefined;
  }

  /** @returns whether the node counts as one of another cluster from now on, and did not before. */
  report(id: string): boolean {
    if (this.other === id) return false;
    this.#id = id;
    this.#untilMs = monotonicNowMs() + strangerMs;
    return this.other !== undefined;
  }

  /** Another node may have the address by now. */
  forget(): void {
    this.#id = undefined;
  }
}
