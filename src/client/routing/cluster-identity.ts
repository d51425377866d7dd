/** The cluster that a client belongs to: the given one, or the first that answered. The client's requests name it. */
import type { KvError } from '../../errors.js';

export class ClusterIdentity {
  #id: string | undefined;

  /** @param given undefined if the first cluster that answers is the right one. */
  constructor(given?: string) {
    this.#id = given;
  }

  /** Undefined before a node has answered. */
  get id(): string | undefined {
    return this.#id;
  }

  /** @returns whether the client belongs to that cluster. It joins the first cluster that answers. */
  meet(clusterId: string): boolean {
    this.#id ??= clusterId;
    return this.#id === clusterId;
  }

  /** Leaves the present cluster for its replacement. */
  follow(clusterId: string): void {
    this.#id = clusterId;
  }
}

/** What a transport needs: the cluster that its requests name, and where it reports a node of another cluster. */
export interface ClusterNaming {
  readonly clusterId: string | undefined;
  wasRefused(error: KvError): void;
}

/** For transports without a client: their requests name no cluster. */
export const noCluster: ClusterNaming = { clusterId: undefined, wasRefused: () => {} };
