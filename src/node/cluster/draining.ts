/**
 * What any node does for drains: it marks a node as draining, or takes the mark back, and judges whether a node can be taken down.
 * The controller moves the shards of the marked node (docs/placement.md).
 */
import type { Logger } from 'pino';
import type { ClusterConfig, Drains, NodeRegistration } from '../../coordination/index.js';
import { KvError } from '../../errors.js';
import type { Placement } from '../../placement/index.js';
import { describeShards } from '../../topology/shard-ranges.js';
import { shardsAtRisk } from '../../topology/stop-check.js';
import type {
  CheckStopRequest,
  CheckStopResponse,
  SetDrainingRequest,
  SetDrainingResponse,
  Topology,
} from '../../wire/contract/kv-api.js';

export interface DrainingParts {
  readonly config: Pick<ClusterConfig, 'replicas' | 'minInSync'>;
  readonly drains: Drains;
  readonly logger: Logger;
  placement(): Placement | undefined;
  /** The topology as all nodes that answer see it, and their ids. */
  reports(): Promise<{ readonly topology: Topology; readonly answeringIds: ReadonlySet<string> }>;
}

export class Draining {
  readonly #parts: DrainingParts;

  constructor(parts: DrainingParts) {
    this.#parts = parts;
  }

  /** @throws KvError NOT_DRAINED, INVALID_ARGUMENT, COORDINATION_UNAVAILABLE */
  async set({ nodeId, draining }: SetDrainingRequest): Promise<SetDrainingResponse> {
    const { drains, logger } = this.#parts;
    const placed = this.#placedOn(nodeId);
    const { nodes, drainingIds } = await drains.read();
    const isKnown = placed.length > 0 || drainingIds.includes(nodeId) || nodes.some((node) => node.nodeId === nodeId);
    if (!isKnown) throw new KvError('INVALID_ARGUMENT', `no node ${JSON.stringify(nodeId)} is registered, or holds shards`);
    if (drainingIds.includes(nodeId) !== draining) {
      if (draining) this.#refuseIfTooFew(nodeId, nodes, drainingIds, placed);
      await (draining ? drains.mark(nodeId) : drains.unmark(nodeId));
      logger.info({ drained: nodeId, draining }, draining ? 'a node was marked as draining' : 'a drain was taken back');
    }
    return { shardCount: placed.length };
  }

  /** @throws KvError INVALID_ARGUMENT */
  async checkStop({ nodeId }: CheckStopRequest): Promise<CheckStopResponse> {
    const { topology, answeringIds } = await this.#parts.reports();
    const ids = topology.nodes.map(({ id }) => id);
    if (!ids.includes(nodeId) && !topology.shards.some(({ placedNodeIds }) => placedNodeIds.includes(nodeId)))
      throw new KvError('INVALID_ARGUMENT', `no node ${JSON.stringify(nodeId)} is registered, or holds shards`);
    const shards = shardsAtRisk(topology, nodeId, answeringIds);
    return { shards: [...shards], silentNodeIds: ids.filter((id) => id !== nodeId && !answeringIds.has(id)) };
  }

  #placedOn(nodeId: string): number[] {
    const shards = this.#parts.placement()?.shards ?? [];
    return shards.flatMap((ids, shard) => (ids.includes(nodeId) ? [shard] : []));
  }

  #refuseIfTooFew(
    nodeId: string,
    nodes: readonly NodeRegistration[],
    drainingIds: readonly string[],
    placed: readonly number[],
  ): void {
    const { replicas, minInSync } = this.#parts.config;
    const others = nodes.filter((node) => node.nodeId !== nodeId && node.leaving !== true && !drainingIds.includes(node.nodeId));
    if (others.length >= replicas) return;
    const left = others.length === 0 ? 'no other node' : `only ${others.map((node) => node.nodeId).join(', ')}`;
    const copies = `${others.length} ${others.length === 1 ? 'copy' : 'copies'} instead of ${replicas}`;
    const writes = others.length < minInSync ? `, and refuse writes, which need ${minInSync} in sync` : '';
    const shards = placed.length === 0 ? 'its shards' : describeShards(placed);
    throw new KvError(
      'NOT_DRAINED',
      `node ${nodeId} was not drained: ${left} can take shards, so ${shards} would have ${copies}${writes}. Start another node first`,
    );
  }
}
