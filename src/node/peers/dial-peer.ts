/** Opens the stream to another node, on which the replicas of the two nodes exchange their messages. */
import { dialTcp, type FrameStream, type OpeningListener } from '../../transport/index.js';

/** The name of the stream's rpc (proto/kv/internal/v1/replication.proto). */
export const replicateRpc = 'kv.internal.v1.Replication/Replicate';

export function dialPeer(address: string, clusterId: string, connectTimeoutMs: number, listener: OpeningListener): FrameStream {
  return dialTcp({ address, rpc: replicateRpc, clusterId, connectTimeoutMs }, listener);
}
