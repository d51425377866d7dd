/** The cluster as it is seen when every node is asked: one topology, and the status of each node or why there is none. */
import type { CallOptions, KvClient } from '../../client/index.js';
import type { NodeInfo, NodeStatus, Topology } from '../../rpc/kv-api.js';
import { describeError } from '../explain.js';

export interface NodeAnswer {
  readonly node: NodeInfo;
  /** Undefined if the node did not answer; `problem` then tells why. */
  readonly status?: NodeStatus;
  readonly problem?: string;
}

export interface ClusterView {
  readonly topology: Topology;
  /** In the order of registration. */
  readonly answers: readonly NodeAnswer[];
}

export async function gatherCluster(client: KvClient, call: CallOptions): Promise<ClusterView> {
  const topology = await client.wholeTopology(call);
  const answers = await Promise.all(topology.nodes.map((node) => askNode(client, node, call)));
  return { topology, answers };
}

async function askNode(client: KvClient, node: NodeInfo, call: CallOptions): Promise<NodeAnswer> {
  try {
    return { node, status: await client.nodeStatus(node.address, call) };
  } catch (error) {
    return { node, problem: describeError(error) };
  }
}
