/** Which cluster a client belongs to: the one that it was given, or the first that it met. Its requests name that cluster. */
import type { KvError } from '../../errors.js';

export class ClusterIdentity {
  #id: string | undefined;

  /** `given` is undefined where the first cluster that answers is the right one. */
  constructor(given?: string) {
    this.#id = given;
  }

  /** Undefined before the client has met a cluster. */
  get id(): string | undefined {
    return this.#id;
  }

  /** @returns whether the client belongs to that cluster: it does if this is the first that it meets. */
  meet(clusterId: string): boolean {
    this.#id ??= clusterId;
    return this.#id === clusterId;
  }

  /** Leaves the present cluster for one that was built in its place. */
  follow(clusterId: string): void {
    this.#id = clusterId;
  }
}

/** What a transport names in its requests, and where it reports a node that refuses them as of another cluster. */
export interface ClusterNaming {
  readonly clusterId: string | undefined;
  wasRefused(error: KvError): void;
}

/** For transports of no client: their requests name no cluster. */
export const noCluster: ClusterNaming = { clusterId: undefined, wasRefused: () => {} };
