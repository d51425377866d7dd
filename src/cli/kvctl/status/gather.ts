/**
 * Gathers a view of the cluster from every node: one topology, and for each node its status or the reason why it has
 * none.
 */
import type { CallOptions, KvClient } from '../../../client/index.js';
import { KvError } from '../../../errors.js';
import type { NodeInfo, NodeStatus, Topology } from '../../../wire/contract/kv-api.js';
import { describeError } from '../../explain.js';
import type { Output } from '../output.js';
import { reportWhile } from '../waiting.js';

export interface NodeAnswer {
  readonly node: NodeInfo;
  /** Undefined if the node did not answer; `problem` is then the reason. */
  readonly status?: NodeStatus;
  readonly problem?: string;
  /** Set if a node of another cluster answers at this address: the id of that cluster. */
  readonly otherCluster?: string;
}

export interface GatheredCluster {
  readonly topology: Topology;
  /** In the order of registration. */
  readonly answers: readonly NodeAnswer[];
}

/** `output` receives the nodes that have not answered yet, if gathering takes long. */
export async function gatherCluster(client: KvClient, call: CallOptions, output?: Output): Promise<GatheredCluster> {
  const awaited = new Set<string>();
  const ask = async (node: NodeInfo): Promise<NodeAnswer> => {
    awaited.add(node.id);
    const answer = await askNode(client, node, call);
    awaited.delete(node.id);
    return answer;
  };
  const gather = async (): Promise<GatheredCluster> => {
    const { nodes } = await client.topology(call);
    // All nodes are queried at once, so that nodes that hang cost one deadline together.
    const asking = new Map(nodes.map((node) => [node.id, ask(node)]));
    const topology = await client.wholeTopology(call);
    return { topology, answers: await Promise.all(topology.nodes.map((node) => asking.get(node.id) ?? ask(node))) };
  };
  if (output === undefined) return gather();
  const describe = (): string => `${[...awaited].join(', ') || 'some node'} has not answered yet`;
  return reportWhile(output, describe, gather, { client });
}

async function askNode(client: KvClient, node: NodeInfo, call: CallOptions): Promise<NodeAnswer> {
  try {
    return { node, status: await client.nodeStatus(node.address, call) };
  } catch (error) {
    const otherCluster = error instanceof KvError ? error.clusterId : undefined;
    return { node, problem: describeError(error), ...(otherCluster === undefined ? {} : { otherCluster }) };
  }
}
