/**
 * The cluster's name in requests and answers: gRPC metadata and the HTTP header `kv-cluster`, as documented in
 * proto/kv/v1/kv.proto. A stream names its cluster once, when it opens.
 */
import { Metadata } from '@grpc/grpc-js';
import { KvError } from '../../errors.js';

/** Key of the metadata, and name of the HTTP header. */
export const clusterKey = 'kv-cluster';

/** Metadata that names the cluster; `undefined` names none, as a client does before it knows its cluster. */
export function clusterMetadata(clusterId: string | undefined): Metadata {
  const metadata = new Metadata();
  if (clusterId !== undefined) metadata.set(clusterKey, clusterId);
  return metadata;
}

/** The clusters that a request names: none or one. Each of several names is checked. */
export function namedClusters(metadata: Metadata): readonly string[] {
  return metadata.get(clusterKey).map(String);
}

/** The refusal of a request that names another cluster than this node's; undefined if it names no other. */
export function refusalOfCluster(named: readonly string[], own: { nodeId: string; clusterId: string }): KvError | undefined {
  const other = named.find((name) => name !== own.clusterId);
  if (other === undefined) return undefined;
  return new KvError(
    'WRONG_CLUSTER',
    `node ${own.nodeId} belongs to cluster ${own.clusterId}, and the request names cluster ${legible(other)}; nothing was executed`,
    { clusterId: own.clusterId },
  );
}

/** Limits how much of a caller's name is repeated in the status, which must not grow with it. */
const maxNameLength = 64;

function legible(name: string): string {
  return name.length > maxNameLength ? `${name.slice(0, maxNameLength)}...` : name;
}
