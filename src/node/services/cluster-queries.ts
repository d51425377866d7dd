/** Requests to any node of the cluster: this node answers at once, another one by a call such as its own clients send. */
import type { MethodDefinition } from '@grpc/grpc-js';
import type { NodeRegistration } from '../../coordination/index.js';
import { KvError } from '../../errors.js';
import { wholeTopology } from '../../topology/whole-topology.js';
import type {
  CheckStopResponse,
  GetTopologyRequest,
  ListKeysRequest,
  ListKeysResponse,
  NodeStatus,
  SetDrainingResponse,
  Topology,
  TopologyReport,
} from '../../wire/contract/kv-api.js';
import { clusterServiceWithRawKeys } from '../../wire/contract/server-contract.js';
import type { Draining } from '../cluster/draining.js';
import type { Forwarder } from '../operations/forwarder.js';

export interface QueryParts {
  readonly nodeId: string;
  readonly forwarder: Forwarder;
  /** The nodes that are registered. */
  nodes(): readonly NodeRegistration[];
  readonly draining: Pick<Draining, 'set' | 'checkStop'>;
  isDraining(nodeId: string): boolean;
  /** The status of this node. */
  status(): NodeStatus;
  listKeys(request: ListKeysRequest): Promise<ListKeysResponse>;
  topology(): TopologyReport;
}

/** Another node has this long to answer. */
const answerDeadlineMs = 2_000;

export class ClusterQueries {
  readonly #parts: QueryParts;

  constructor(parts: QueryParts) {
    this.#parts = parts;
  }

  get nodes(): readonly NodeRegistration[] {
    return this.#parts.nodes();
  }

  isDraining(nodeId: string): boolean {
    return this.#parts.isDraining(nodeId);
  }

  /** @throws KvError as `Draining` does. */
  setDraining(nodeId: string, draining: boolean): Promise<SetDrainingResponse> {
    return this.#parts.draining.set({ nodeId, draining });
  }

  /** @throws KvError as `Draining` does. */
  checkStop(nodeId: string): Promise<CheckStopResponse> {
    return this.#parts.draining.checkStop({ nodeId });
  }

  /** @throws KvError UNREACHABLE, DEADLINE_EXCEEDED, ... where the node does not answer. */
  async status(node: NodeRegistration): Promise<NodeStatus> {
    return this.#isOwn(node) ? this.#parts.status() : this.#request(node, 'GetNodeStatus', {});
  }

  /** @throws KvError as `status` does; NOT_PRIMARY where the node holds no replica of the shard. */
  async listKeys(node: NodeRegistration, request: ListKeysRequest): Promise<ListKeysResponse> {
    return this.#isOwn(node) ? this.#parts.listKeys(request) : this.#request(node, 'ListKeys', request);
  }

  /** Merges what every node reports of the shards that it holds, without the nodes that do not answer. */
  async topology(): Promise<Topology> {
    return (await this.reports()).topology;
  }

  /** The same, with the ids of the nodes that have answered. */
  async reports(): Promise<{ readonly topology: Topology; readonly answeringIds: ReadonlySet<string> }> {
    const others = this.nodes.filter((node) => !this.#isOwn(node));
    const answers = await Promise.allSettled(
      others.map(async (node) => {
        const request: GetTopologyRequest = { heldOnly: true };
        return {
          nodeId: node.nodeId,
          from: node.address,
          report: await this.#request<GetTopologyRequest, TopologyReport>(node, 'GetTopology', request),
        };
      }),
    );
    const answered = answers.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    return {
      topology: wholeTopology(this.#parts.topology(), answered),
      answeringIds: new Set([this.#parts.nodeId, ...answered.map(({ nodeId }) => nodeId)]),
    };
  }

  #isOwn({ nodeId }: NodeRegistration): boolean {
    return nodeId === this.#parts.nodeId;
  }

  async #request<Request, Response>({ nodeId, address }: NodeRegistration, name: string, request: Request): Promise<Response> {
    const method = clusterServiceWithRawKeys[name] as MethodDefinition<Request, Response>;
    try {
      return await this.#parts.forwarder.forward(address, method, request, answerDeadlineMs);
    } catch (error) {
      if (!(error instanceof KvError)) throw error;
      const whyUnreachable = unreachableReason(error);
      if (whyUnreachable === undefined) throw error;
      throw new KvError('UNREACHABLE', `node ${nodeId} at ${address} cannot be reached${whyUnreachable}`, { cause: error });
    }
  }
}

/** Undefined: the other node has answered, or may have. */
function unreachableReason({ code, clusterId }: KvError): string | undefined {
  if (code === 'NO_PRIMARY') return '';
  return code === 'WRONG_CLUSTER' ? `: a node of another cluster (${clusterId}) has the address` : undefined;
}
