/**
 * The controller writes `placement`: at once when a node joins or announces that it leaves, after a while when a node vanished.
 * The first placement of a new cluster waits a moment for nodes that are started together.
 *
 * Every node runs a controller; only that of the node with the lowest znode writes. Two nodes may both believe for a moment that
 * they are that node. This does no harm: each writes by compare-and-set on the version that it has read, and the loser computes
 * anew from what the winner wrote. While there is no controller, or ZooKeeper is away, every shard stays where it is and is
 * served. The controller holds no data.
 *
 * `control.ts` decides; this file has the clock, the coordination service and the hash. For many nodes and shards a placement
 * takes seconds to compute. It is computed in slices, between which the node goes on serving and renewing its leases.
 */
import { createHash } from 'node:crypto';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ClusterConfig, Coordinator, NodeRegistration, VersionedPlacement } from '../coordination/index.js';
import { type Placement, type PlacementNode, placeInSteps, type Steps } from '../placement/index.js';
import { Control, type ControllerTask, type FirstPlacementWait, firstPlacementWait } from './control.js';

export interface ControllerOptions {
  readonly nodeId: string;
  readonly config: Pick<ClusterConfig, 'shards' | 'replicas' | 'vnodes'>;
  /** How long a vanished node keeps its shards. */
  readonly replaceAfterMs: number;
  /** About how long a slice of computing may block the event loop; default 5. */
  readonly sliceMs?: number | undefined;
  /** Default: until no node has registered for a second, but at most three seconds. */
  readonly wait?: FirstPlacementWait | undefined;
  readonly coordinator: Pick<Coordinator, 'session' | 'writePlacement' | 'refreshPlacement'>;
  readonly logger: Logger;
}

const defaultSliceMs = 5;

export class Controller {
  readonly #options: ControllerOptions;
  readonly #logger: Logger;
  readonly #control: Control;
  #isController = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #closed = new AbortController();

  constructor(options: ControllerOptions) {
    const { nodeId, config, replaceAfterMs, coordinator, logger, wait = firstPlacementWait } = options;
    this.#options = options;
    this.#logger = logger;
    this.#control = new Control(nodeId, replaceAfterMs, coordinator.session === 'connected', wait, config.replicas);
  }

  onSession(connected: boolean): void {
    this.#carryOut(this.#control.onSession(connected, performance.now()));
  }

  onNodes(nodes: readonly NodeRegistration[], _version = 0, drainingIds: readonly string[] = []): void {
    this.#carryOut(this.#control.onNodes(nodes, performance.now(), drainingIds));
  }

  onPlacement(read: VersionedPlacement | undefined): void {
    this.#carryOut(this.#control.onPlacement(read, performance.now()));
  }

  /** Idempotent. */
  close(): void {
    this.#closed.abort();
    clearTimeout(this.#timer);
  }

  #carryOut(tasks: readonly ControllerTask[]): void {
    if (this.#closed.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#logChanges();
    for (const task of tasks) this.#do(task);
  }

  #do(task: ControllerTask): void {
    switch (task.kind) {
      case 'compute':
        return void this.#compute(task);
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

  #logChanges(): void {
    const { isController, unknownIds } = this.#control;
    if (isController !== this.#isController) this.#logger.info({ controller: isController }, 'controller changed');
    this.#isController = isController;
    if (isController && unknownIds.length > 0)
      this.#logger.debug({ nodes: unknownIds }, 'placement waits for nodes that were never seen here');
  }

  async #compute({ previous, nodes }: Extract<ControllerTask, { kind: 'compute' }>): Promise<void> {
    const next = await this.#placed(previous, nodes);
    this.#carryOut(this.#control.onComputed(next, performance.now()));
  }

  async #placed(previous: Placement | undefined, nodes: readonly PlacementNode[]): Promise<Placement | undefined> {
    const { sliceMs = defaultSliceMs } = this.#options;
    const { shards: shardCount, replicas, vnodes } = this.#options.config;
    try {
      const steps = placeInSteps(previous, nodes, { shardCount, replicas, vnodes, sha256 });
      return await inSlices(steps, sliceMs, this.#closed.signal);
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

/**
 * Runs a long computation in slices, so that other work on the event loop gets its turn between two slices. It does not yield if
 * one slice is enough.
 *
 * @returns the result, or undefined if the signal ended it.
 */
export async function inSlices<Result>(steps: Steps<Result>, sliceMs: number, signal: AbortSignal): Promise<Result | undefined> {
  while (!signal.aborted) {
    const endMs = performance.now() + sliceMs;
    do {
      const { done, value } = steps.next();
      if (done === true) return value;
    } while (performance.now() < endMs);
    await turnOfOthers();
  }
  return undefined;
}
