/** For tests: nodes with a controller each, over the in-memory ZooKeeper. */
import { pino } from 'pino';
import { config, nodeNamed, Recorder, root } from '../coordination/coordinator.fixture.js';
import type { CoordinatorListener } from '../coordination/coordinator.js';
import type { MemoryZnodeClient } from '../coordination/memory/memory-znode-client.fixture.js';
import type { MemoryZookeeper } from '../coordination/memory/memory-zookeeper.fixture.js';
import { ZookeeperCoordinator } from '../coordination/zookeeper-coordinator.js';
import { supportedFormats } from '../formats.js';
import { decodePlacement, type Placement } from '../placement/index.js';
import type { FirstPlacementWait } from './control.js';
import { Controller } from './controller.js';

export const controllerConfig = { ...config, shards: 12, replicas: 2, vnodes: 8 };

/** Longer than any test, so that a vanished node keeps its shards. */
const neverMs = 3_600_000;
/** The interval at which a coordinator checks its znodes without an event. */
const sessionMs = 100;
const logger = pino({ level: 'silent' });

export interface ControlledNodeOptions {
  /** Default: a vanished node keeps its shards. */
  readonly replaceAfterMs?: number;
  readonly sliceMs?: number;
  /** Default: the first placement does not wait. */
  readonly wait?: FirstPlacementWait;
}

export class ControlledNode implements AsyncDisposable {
  readonly client: MemoryZnodeClient;
  readonly coordinator: ZookeeperCoordinator;
  readonly recorder = new Recorder();
  readonly #controller: Controller;

  static async start(zookeeper: MemoryZookeeper, nodeId: string, options: ControlledNodeOptions = {}): Promise<ControlledNode> {
    const node = new ControlledNode(zookeeper, nodeId, options);
    await node.coordinator.agreeOnConfig(controllerConfig);
    await node.coordinator.registerNode(nodeNamed(nodeId));
    return node;
  }

  private constructor(zookeeper: MemoryZookeeper, nodeId: string, options: ControlledNodeOptions) {
    this.client = zookeeper.connect();
    const { recorder } = this;
    const listener: CoordinatorListener = {
      onSession: (status) => {
        this.#controller.onSession(status === 'connected');
        recorder.onSession(status);
      },
      onState: () => {},
      onFormat: () => {},
      onConflict: () => {},
      onCandidates: () => {},
      onNodes: (nodes, version, drainingIds) => {
        this.#controller.onNodes(nodes, version, drainingIds);
        recorder.onNodes(nodes, version, drainingIds);
      },
      onPlacement: (read) => {
        this.#controller.onPlacement(read);
        recorder.onPlacement(read);
      },
      onFatal: (error) => recorder.onFatal(error),
    };
    this.coordinator = new ZookeeperCoordinator(this.client, { root, sessionMs, formats: supportedFormats, logger }, listener);
    const { coordinator } = this;
    const { replaceAfterMs = neverMs, sliceMs, wait = { quietMs: 0, mostMs: 0 } } = options;
    this.#controller = new Controller({
      nodeId,
      config: controllerConfig,
      replaceAfterMs,
      sliceMs,
      wait,
      coordinator,
      logger,
    });
  }

  /** Waits until a placement is reported that names exactly these nodes. */
  async untilPlacedOn(...nodeIds: string[]): Promise<Placement> {
    await this.recorder.until(() => holdersOf(this.recorder.placements.at(-1)?.placement).join() === nodeIds.join());
    return this.recorder.placements.at(-1)!.placement;
  }

  /** Ends without an announcement, like a crash. */
  vanish(): void {
    this.#controller.close();
    this.client.suspend();
    this.client.expire();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.close();
    await this.coordinator.close();
  }
}

export function stored(zookeeper: MemoryZookeeper): Placement {
  return decodePlacement(zookeeper.tree.get(`${root}/placement`)!.data.toString());
}

/** The node ids, sorted. */
function holdersOf(placement: Placement | undefined): string[] {
  return [...new Set(placement?.shards.flat())].sort();
}
