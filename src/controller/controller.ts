/**
 * Writes `placement`: at once when a node joins or announces that it leaves, after a while when one vanished.
 *
 * Every node runs one; only that of the node with the lowest znode writes. Two that believe to be that for a moment do no
 * harm: each writes by compare-and-set upon what it has read, and the loser computes anew from what the winner wrote. While
 * there is none, or ZooKeeper is away, everything stays where it is and is served. It holds no data.
 */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { ClusterConfig, Coordinator, NodeRegistration, VersionedPlacement } from '../coordination/index.js';
import { type Placement, place } from '../placement/index.js';
import { Roster } from './roster.js';

export interface ControllerOptions {
  readonly nodeId: string;
  readonly config: Pick<ClusterConfig, 'shards' | 'replicas' | 'vnodes'>;
  /** How long a node that vanished keeps its shards. */
  readonly replaceAfterMs: number;
  readonly coordinator: Pick<Coordinator, 'session' | 'writePlacement' | 'refreshPlacement'>;
  readonly logger: Logger;
}

/** Before what was not written is tried again, if nothing was heard meanwhile. */
const retryMs = 1_000;

export class Controller {
  readonly #options: ControllerOptions;
  readonly #logger: Logger;
  readonly #roster: Roster;
  #nodes: readonly NodeRegistration[] | undefined;
  /** The znode as last read; undefined before the first reading. */
  #read: { readonly version: number | undefined } | undefined;
  /** Outlives the znode: where ZooKeeper has lost it, data still is where this says. */
  #placement: Placement | undefined;
  #connected: boolean;
  #isController = false;
  #writing = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#logger = options.logger;
    this.#roster = new Roster(options.replaceAfterMs);
    this.#connected = options.coordinator.session === 'connected';
  }

  onSession(connected: boolean): void {
    this.#connected = connected;
    // What is read from now on counts, and nothing older: others may have been as cut off as this node.
    if (!connected) {
      this.#nodes = undefined;
      this.#roster.forgetAbsences();
    }
    this.#consider();
  }

  onNodes(nodes: readonly NodeRegistration[]): void {
    this.#nodes = nodes;
    this.#consider();
  }

  onPlacement(read: VersionedPlacement | undefined): void {
    this.#read = { version: read?.version };
    if (read !== undefined) this.#placement = read.placement;
    this.#consider();
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #consider(): void {
    clearTimeout(this.#timer);
    if (this.#closed || !this.#connected || this.#nodes === undefined || this.#read === undefined) return;
    const nowMs = performance.now();
    this.#roster.update(this.#nodes, new Set(this.#placement?.shards.flat()), nowMs);
    this.#noteWhoControls();
    const { nodes, unknownIds, nextExpiryMs } = this.#roster.members(nowMs);
    if (nextExpiryMs !== undefined) this.#wakeAfter(nextExpiryMs - nowMs);
    if (!this.#isController || this.#writing || nodes.length === 0) return;
    if (unknownIds.length > 0) {
      this.#logger.debug({ nodes: unknownIds }, 'placement waits for nodes that were never seen here');
      return;
    }
    const next = this.#compute(nodes);
    const isStored = this.#read.version !== undefined && next === this.#placement;
    if (next !== undefined && !isStored) void this.#write(next, this.#read.version);
  }

  #noteWhoControls(): void {
    const isController = this.#roster.controllerId === this.#options.nodeId;
    if (isController !== this.#isController) this.#logger.info({ controller: isController }, 'controller changed');
    this.#isController = isController;
  }

  #compute(nodes: Parameters<typeof place>[1]): Placement | undefined {
    const { shards: shardCount, replicas, vnodes } = this.#options.config;
    try {
      return place(this.#placement, nodes, { shardCount, replicas, vnodes, sha256 });
    } catch (error) {
      this.#logger.error({ err: error }, 'no placement could be computed; every shard stays where it is');
      return undefined;
    }
  }

  async #write(next: Placement, expectedVersion: number | undefined): Promise<void> {
    this.#writing = true;
    const outcome = await this.#options.coordinator.writePlacement(expectedVersion, next);
    this.#writing = false;
    if (this.#closed) return;
    if (outcome.kind === 'applied') {
      const { version, shards } = next;
      this.#logger.info({ version, shards: shards.length, nodes: new Set(shards.flat()).size }, 'placement written');
      this.onPlacement({ version: outcome.version, placement: next });
      return;
    }
    this.#logger.debug({ outcome: outcome.kind }, 'placement not known to be written; it is read again');
    this.#options.coordinator.refreshPlacement();
    this.#wakeAfter(retryMs);
  }

  #wakeAfter(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#consider(), Math.max(1, Math.ceil(delayMs)));
  }
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
