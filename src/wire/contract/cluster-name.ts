/**
 * How requests and answers name their cluster: the gRPC metadata and HTTP header `kv-cluster`, as documented in
 * proto/kv/v1/kv.proto. A stream names its cluster once, when it opens.
 */
import { Metadata } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';

export const clusterKey = 'kv-cluster';

/** `undefined` names no cluster: a client names none before it knows which one it belongs to. */
export function clusterMetadata(clusterId: string | undefined): Metadata {
  const metadata = new Metadata();
  if (clusterId !== undefined) metadata.set(clusterKey, clusterId);
  return metadata;
}

/** The clusters that a request names: none, or one. Several are as wrong as another one. */
export function namedClusters(metadata: Metadata): readonly string[] {
  return metadata.get(clusterKey).map(String);
}

/** The refusal of a request that names any other cluster than that of this node; undefined if it names none, or this one. */
export function refusalOfCluster(named: readonly string[], own: { nodeId: string; clusterId: string }): KvError | undefined {
  const other = named.find((name) => name !== own.clusterId);
  if (other === undefined) return undefined;
  return new KvError(
    'WRONG_CLUSTER',
    `node ${own.nodeId} belongs to cluster ${own.clusterId}, and the request names cluster ${legible(other)}; nothing was executed`,
    { clusterId: own.clusterId },
  );
}

/** Of a name that anybody may have sent: a status must not grow with it. */
const maxNameLength = 64;

function legible(name: string): string {
  return name.length > maxNameLength ? `${name.slice(0, maxNameLength)}...` : name;
}
