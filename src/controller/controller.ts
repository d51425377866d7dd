/**
 * Writes `placement`: at once when a node joins or announces that it leaves, after a while when one vanished.
 *
 * Every node runs one; only that of the node with the lowest znode writes. Two that believe to be that for a moment do no
 * harm: each writes by compare-and-set upon what it has read, and the loser computes anew from what the winner wrote. While
 * there is none, or ZooKeeper is away, everything stays where it is and is served. It holds no data.
 *
 * What is done when is decided in `control.ts`; here is the clock, the coordination service and the hash.
 */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { ClusterConfig, Coordinator, NodeRegistration, VersionedPlacement } from '../coordination/index.js';
import { type Placement, place } from '../placement/index.js';
import { Control, type ControllerTask } from './control.js';

export interface ControllerOptions {
  readonly nodeId: string;
  readonly config: Pick<ClusterConfig, 'shards' | 'replicas' | 'vnodes'>;
  /** How long a node that vanished keeps its shards. */
  readonly replaceAfterMs: number;
  readonly coordinator: Pick<Coordinator, 'session' | 'writePlacement' | 'refreshPlacement'>;
  readonly logger: Logger;
}

export class Controller {
  readonly #options: ControllerOptions;
  readonly #logger: Logger;
  readonly #control: Control;
  #isController = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ControllerOptions) {
    const { nodeId, replaceAfterMs, coordinator, logger } = options;
    this.#options = options;
    this.#logger = logger;
    this.#control = new Control(nodeId, replaceAfterMs, coordinator.session === 'connected');
  }

  onSession(connected: boolean): void {
    this.#carryOut(this.#control.onSession(connected, performance.now()));
  }

  onNodes(nodes: readonly NodeRegistration[]): void {
    this.#carryOut(this.#control.onNodes(nodes, performance.now()));
  }

  onPlacement(read: VersionedPlacement | undefined): void {
    this.#carryOut(this.#control.onPlacement(read, performance.now()));
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #carryOut(tasks: readonly ControllerTask[]): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#tell();
    for (const task of tasks) this.#do(task);
  }

  #do(task: ControllerTask): void {
    switch (task.kind) {
      case 'compute':
        return this.#compute(task);
      case 'write':
        return void this.#write(task);
      case 'refresh':
        return this.#options.coordinator.refreshPlacement();
      case 'wake':
        clearTimeout(this.#timer);
        this.#timer = setTimeout(
          () => this.#carryOut(this.#control.onTime(performance.now())),
          Math.max(1, Math.ceil(task.afterMs)),
        );
    }
  }

  #tell(): void {
    const { isController, unknownIds } = this.#control;
    if (isController !== this.#isController) this.#logger.info({ controller: isController }, 'controller changed');
    this.#isController = isController;
    if (isController && unknownIds.length > 0)
      this.#logger.debug({ nodes: unknownIds }, 'placement waits for nodes that were never seen here');
  }

  #compute({ previous, nodes }: Extract<ControllerTask, { kind: 'compute' }>): void {
    this.#carryOut(this.#control.onComputed(this.#placed(previous, nodes), performance.now()));
  }

  #placed(previous: Placement | undefined, nodes: Parameters<typeof place>[1]): Placement | undefined {
    const { shards: shardCount, replicas, vnodes } = this.#options.config;
    try {
      return place(previous, nodes, { shardCount, replicas, vnodes, sha256 });
    } catch (error) {
      this.#logger.error({ err: error }, 'no placement could be computed; every shard stays where it is');
      return undefined;
    }
  }

  async #write({ expectedVersion, next }: Extract<ControllerTask, { kind: 'write' }>): Promise<void> {
    const outcome = await this.#options.coordinator.writePlacement(expectedVersion, next);
    const { version, shards } = next;
    if (outcome.kind === 'applied')
      this.#logger.info({ version, shards: shards.length, nodes: new Set(shards.flat()).size }, 'placement written');
    else this.#logger.debug({ outcome: outcome.kind }, 'placement not known to be written; it is read again');
    this.#carryOut(this.#control.onWritten(outcome, performance.now()));
  }
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
