/**
 * A link to one node: the client's requests travel over frames (`frame-link.ts`) or over gRPC (`grpc-link.ts`). `NodeConnection`
 * chooses one, and replaces it when the other is needed.
 */
import type { ClusterNaming } from '../routing/cluster-identity.js';
import type { NodeTransport } from './node-transport.js';
import type { PipelineTransport } from './pipeline-transport.js';

/** What carries requests; see `KvClientOptions.transport`. */
export type TransportChoice = 'auto' | 'tcp' | 'grpc';

export interface Link {
  readonly isReady: boolean;
  /** Connects, unless it is connected or connecting. After a failure it tries again by itself, until it is closed. */
  connect(): void;
  readonly transport: NodeTransport;
  readonly pipeline: PipelineTransport;
  close(reason: string): void;
}

export interface LinkEvents {
  /** @param clusterId the cluster of the node, if it has named it. */
  onReady(clusterId?: string): void;
  /** An attempt to connect has failed. @param speaksNoFrames true if a process answered there that does not accept frames. */
  onFailed(speaksNoFrames: boolean): void;
  /** The link was ready, and is no longer. */
  onLost(): void;
}

export interface LinkParts {
  /** host:port. */
  readonly address: string;
  readonly connectTimeoutMs: number;
  readonly naming: ClusterNaming;
  readonly events: LinkEvents;
}
