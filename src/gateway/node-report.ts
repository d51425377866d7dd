/** Nodes and shards as JSON tells them: the words of gRPC, without its empty texts for what is not known. Pure. */

/** Of the registration. */
export interface NodeEntry {
  readonly nodeId: string;
  readonly address: string;
  readonly httpAddress?: string | undefined;
  readonly zone?: string | undefined;
  readonly weight?: number | undefined;
  readonly leaving?: boolean | undefined;
}

/** What a node says of itself. */
export interface NodeFigures {
  readonly version: string;
  readonly uptimeMs: number;
  readonly zookeeper: string;
  readonly warnings: readonly string[];
  readonly keys: number;
  readonly dataBytes: number;
  readonly dataLimitBytes: number;
  readonly memoryBytes: number;
  readonly maxMemoryBytes: number;
  readonly replicas: readonly {
    readonly shard: number;
    readonly role: string;
    readonly epoch: number;
    readonly serving: boolean;
    readonly complete: boolean;
    readonly keys: number;
    readonly dataBytes: number;
  }[];
}

export interface TopologyFacts {
  readonly clusterId: string;
  readonly placementVersion: number;
  readonly shards: readonly {
    readonly shard: number;
    readonly epoch: number;
    readonly primaryNodeId: string;
    readonly replicas: readonly { readonly nodeId: string; readonly inSync: boolean; readonly live: boolean }[];
    readonly minInSync: number;
    readonly offline: boolean;
    readonly serving: boolean;
    readonly placedNodeIds: readonly string[];
  }[];
}

export function describeNode({ nodeId: id, address, httpAddress, zone, weight = 1, leaving = false }: NodeEntry) {
  return { id, address, httpAddress, zone, weight, leaving };
}

export function describeCluster<Node>({ clusterId, placementVersion, shards }: TopologyFacts, nodes: readonly Node[]) {
  return {
    ...{ clusterId, placementVersion, nodes },
    shards: shards.map(({ shard, epoch, primaryNodeId, replicas, minInSync, offline, serving, placedNodeIds: placed }) => ({
      ...{ shard, epoch, primary: primaryNodeId === '' ? undefined : primaryNodeId },
      inSync: replicas.filter(({ inSync }) => inSync).map(({ nodeId }) => nodeId),
      joining: replicas.filter(({ inSync, live }) => live && !inSync).map(({ nodeId }) => nodeId),
      ...{ placed, minInSync, offline, serving },
    })),
  };
}
