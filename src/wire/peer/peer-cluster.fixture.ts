/** For tests: a cluster as the messages between its nodes know it. */
import { ClusterFormat, supportedFormats } from '../../formats.js';
import type { PeerCluster } from './envelope.js';

/** By default it uses the newest format that is supported. */
export function peerClusterOf(clusterId: string, supported = supportedFormats, inUse = supported.newest): PeerCluster {
  return { clusterId, format: new ClusterFormat(supported, inUse) };
}
