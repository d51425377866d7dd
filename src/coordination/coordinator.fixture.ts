/** For tests: coordinators over the in-memory ZooKeeper, each with a recorder of its reports. */
import { pino } from 'pino';
import { supportedFormats } from '../formats.js';
import type {
  Candidate,
  CandidateRegistration,
  ClusterConfig,
  ConfigConflict,
  NodeRegistration,
  StateReading,
  VersionedPlacement,
  VersionedState,
} from './coordinator.js';
import type { MemoryZnodeClient } from './memory/memory-znode-client.fixture.js';
import type { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { ZookeeperCoordinator } from './zookeeper-coordinator.js';

export const root = '/kvstore';

export const config: ClusterConfig = {
  formatVersion: supportedFormats.newest,
  clusterId: 'cluster-a',
  shards: 1,
  replicas: 3,
  vnodes: 64,
  minInSync: 1,
  beaconMs: 150,
  leaseMs: 1_000,
  graceMs: 1_250,
  durability: 'memory',
  syncIntervalMs: 1_000,
};

export function nodeNamed(nodeId: string): NodeRegistration {
  return { nodeId, address: `${nodeId}.example:9090` };
}

export function candidateNamed(nodeId: string, mint = '1'): CandidateRegistration {
  return { replicaId: `${nodeId}~${mint}`, nodeId, address: `${nodeId}.example:9090`, stopping: false };
}

/** A listener that records every report of one coordinator, the oldest first. */
export class Recorder {
  readonly sessions: string[] = [];
  /** The field `found` of each of `readings`. */
  readonly states: (VersionedState | undefined)[] = [];
  readonly readings: StateReading[] = [];
  readonly formats: number[] = [];
  readonly conflicts: (ConfigConflict | undefined)[] = [];
  readonly candidates: (readonly Candidate[])[] = [];
  readonly nodes: (readonly NodeRegistration[])[] = [];
  readonly nodesVersions: number[] = [];
  drainingIds: readonly string[] = [];
  readonly placements: (VersionedPlacement | undefined)[] = [];
  readonly fatal: Error[] = [];
  /** The log records of level `warn` and above, as JSON. */
  readonly logged: string[] = [];
  #wake: (() => void)[] = [];

  onSession(status: string): void {
    this.#note(this.sessions, status);
  }

  onState(_shard: number, reading: StateReading): void {
    this.readings.push(reading);
    this.#note(this.states, reading.found);
  }

  onCandidates(_shard: number, candidates: readonly Candidate[]): void {
    this.#note(this.candidates, candidates);
  }

  onNodes(nodes: readonly NodeRegistration[], version: number, drainingIds: readonly string[]): void {
    this.nodesVersions.push(version);
    this.drainingIds = drainingIds;
    this.#note(this.nodes, nodes);
  }

  onPlacement(read: VersionedPlacement | undefined): void {
    this.#note(this.placements, read);
  }

  onFormat(version: number): void {
    this.#note(this.formats, version);
  }

  onConflict(conflict: ConfigConflict | undefined): void {
    this.#note(this.conflicts, conflict);
  }

  onFatal(error: Error): void {
    this.#note(this.fatal, error);
  }

  onLogged(record: string): void {
    this.#note(this.logged, record);
  }

  /** The field `isRestored` of each of `readings`. */
  get restored(): readonly boolean[] {
    return this.readings.map(({ isRestored }) => isRestored);
  }

  #note<T>(list: T[], item: T): void {
    list.push(item);
    for (const wake of this.#wake.splice(0)) wake();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  get replicas(): readonly string[] | undefined {
    return this.candidates.at(-1)?.map((candidate) => candidate.replicaId);
  }

  get nodeIds(): readonly string[] | undefined {
    return this.nodes.at(-1)?.map((node) => node.nodeId);
  }
}

export interface Participant {
  readonly client: MemoryZnodeClient;
  readonly coordinator: ZookeeperCoordinator;
  readonly reports: Recorder;
}

/**
 * A coordinator runs its upkeep every half of `sessionMs`. The default is so long that no upkeep runs within a test.
 */
export function join(zookeeper: MemoryZookeeper, sessionMs = 600_000, formats = supportedFormats): Participant {
  const client = zookeeper.connect();
  const reports = new Recorder();
  const logger = pino({ level: 'warn' }, { write: (record) => reports.onLogged(record) });
  const coordinator = new ZookeeperCoordinator(client, { root, sessionMs, formats, logger }, reports);
  return { client, coordinator, reports };
}
