/** The connections of one client, one for each node address. */
import type { ClusterIdentity } from '../routing/cluster-identity.js';
import type { TransportChoice } from './link.js';
import { NodeConnection } from './node-connection.js';
import type { Subject } from './node-transport.js';

export class Connections {
  readonly #connectTimeoutMs: number;
  readonly #onReady: () => void;
  readonly #identity: ClusterIdentity;
  readonly #transport: TransportChoice;
  readonly #mayServeFrames: (address: string) => boolean;
  readonly #byAddress = new Map<string, NodeConnection>();

  /**
   * @param onReady called when a node has become reachable, or was found to belong to another cluster.
   * @param mayServeFrames false if the node serves gRPC only, as far as the client knows.
   */
  constructor(
    connectTimeoutMs: number,
    onReady: () => void,
    identity: ClusterIdentity,
    transport: TransportChoice = 'auto',
    mayServeFrames: (address: string) => boolean = () => true,
  ) {
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#onReady = onReady;
    this.#identity = identity;
    this.#transport = transport;
    this.#mayServeFrames = mayServeFrames;
  }

  /** A connection is opened when a caller first waits for it. */
  to(address: string): NodeConnection {
    const existing = this.#byAddress.get(address);
    if (existing !== undefined) return existing;
    const created = new NodeConnection(address, this.#connectTimeoutMs, this.#onReady, this.#identity, this.#transport, () =>
      this.#mayServeFrames(address),
    );
    this.#byAddress.set(address, created);
    return created;
  }

  /** The id of the node's cluster, if the client knows that it is not its own; otherwise undefined. */
  otherClusterAt(address: string): string | undefined {
    return this.#byAddress.get(address)?.otherCluster;
  }

  isSuspect(address: string): boolean {
    return this.#byAddress.get(address)?.isSuspect ?? false;
  }

  /** Closes connections that are unused and belong to no known node: nodes may return under new addresses again and again. */
  retain(addresses: ReadonlySet<string>): void {
    for (const [address, connection] of this.#byAddress) {
      if (addresses.has(address) || connection.pending > 0) continue;
      connection.close('the node left the cluster');
      this.#byAddress.delete(address);
    }
  }

  abandonPending(address: string, concerns: (subject: Subject) => boolean, afterMs: number, reason: string): void {
    this.#byAddress.get(address)?.abandonPending(concerns, afterMs, reason);
  }

  reconsider(): void {
    for (const connection of this.#byAddress.values()) connection.reconsider();
  }

  close(): void {
    for (const connection of this.#byAddress.values()) connection.close('the client was closed');
    this.#byAddress.clear();
  }
}
