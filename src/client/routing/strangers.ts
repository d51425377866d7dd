/** The addresses at which nodes of other clusters answer, and the errors that name them. */
import { KvError } from '../../errors.js';
import type { Connections } from '../transport/connections.js';
import type { ClusterIdentity } from './cluster-identity.js';

export interface StrangersParts {
  readonly identity: ClusterIdentity;
  readonly connections: Pick<Connections, 'otherClusterAt'>;
  /** True if the client moves to a cluster that replaced its own. */
  readonly followRebuilds: boolean;
}

export class Strangers {
  readonly #parts: StrangersParts;

  constructor(parts: StrangersParts) {
    this.#parts = parts;
  }

  /** Whether none of the addresses can lead to the client's own cluster; false if there are none, or the client may move on. */
  areAll(addresses: readonly string[]): boolean {
    if (this.#parts.followRebuilds) return false;
    return addresses.length > 0 && addresses.every((address) => this.#clusterAt(address) !== undefined);
  }

  /** The error of an operation that found only nodes of other clusters; undefined if there are none at these addresses. */
  errorAt(addresses: readonly string[]): KvError | undefined {
    const found = this.#byCluster(addresses);
    const [clusterId] = found.keys();
    if (clusterId === undefined) return undefined;
    const message = `no node of cluster ${this.#parts.identity.id}, to which this client belongs, could be reached: ${describe(found)}. Nothing was executed. A client keeps to its cluster: after a rebuild, connect a new one`;
    return new KvError('WRONG_CLUSTER', message, { clusterId });
  }

  /** The error of a client whose addresses are not of one cluster; undefined if no stranger is among them. */
  mixtureAt(addresses: readonly string[]): KvError | undefined {
    const found = this.#byCluster(addresses);
    const [clusterId] = found.keys();
    if (clusterId === undefined) return undefined;
    const own = this.#parts.identity.id!;
    const ownAddresses = addresses.filter((address) => this.#clusterAt(address) === undefined);
    const all = new Map([[own, ownAddresses], ...found]);
    const message = `the addresses belong to different clusters: ${describe(all)}. Give addresses of one cluster only, or set clusterId to the one that is meant`;
    return new KvError('WRONG_CLUSTER', message, { clusterId });
  }

  /** The cluster to which the nodes at more than half of the addresses belong, if it is another one. */
  majorityAt(addresses: readonly string[]): string | undefined {
    for (const [clusterId, there] of this.#byCluster(addresses)) if (there.length * 2 > addresses.length) return clusterId;
    return undefined;
  }

  #byCluster(addresses: readonly string[]): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (const address of addresses) {
      const clusterId = this.#clusterAt(address);
      if (clusterId !== undefined) found.set(clusterId, [...(found.get(clusterId) ?? []), address]);
    }
    return found;
  }

  #clusterAt(address: string): string | undefined {
    return this.#parts.connections.otherClusterAt(address);
  }
}

function describe(byCluster: ReadonlyMap<string, readonly string[]>): string {
  return [...byCluster]
    .map(([clusterId, there]) => `${there.join(', ')} ${there.length === 1 ? 'belongs' : 'belong'} to cluster ${clusterId}`)
    .join(', ');
}
