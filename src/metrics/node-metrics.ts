/**
 * The metrics of one node, for Prometheus: names and units follow its conventions, and labels have few values. docs/metrics.md
 * lists all metrics, and a test compares. Counters are updated all the time. Gauges are computed at each scrape.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { packageVersion } from '../version.js';
import { DiskMetrics } from './disk-metrics.js';
import { EventLoopDelay } from './event-loop-delay.js';
import { ExpiryMetrics } from './expiry-metrics.js';
import type { NodeFacts } from './node-facts.js';
import { apis, countOperations, type OperationCounts, operationMethods } from './operation-counts.js';
import { ProcessMetrics } from './process-metrics.js';
import { ReplicaMetrics } from './replica-metrics.js';
import { ScanMetrics } from './scan-metrics.js';

/** In seconds, from the duration of a get in memory up to long deadlines. */
const durationBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export class NodeMetrics {
  readonly operations: OperationCounts;
  readonly expiry: ExpiryMetrics;
  readonly disk: DiskMetrics;
  readonly scans: ScanMetrics;
  readonly #registry = new Registry();
  #delay: EventLoopDelay | undefined;
  readonly #process: ProcessMetrics;
  readonly #replicas: ReplicaMetrics;
  readonly #operationsTotal: Counter<'api' | 'method' | 'code'>;
  readonly #suspensions: Counter;
  readonly #moved: Counter<'direction'>;

  constructor() {
    const registers = [this.#registry];
    const help = 'Always 1; the version is in the labels';
    const build = new Gauge({ name: 'kvnode_build_info', help, labelNames: ['version', 'node_version'], registers });
    build.set({ version: packageVersion(), node_version: process.version }, 1);
    const duration = new Histogram({
      name: 'kvnode_operation_duration_seconds',
      help: 'From when an operation came in until it was answered; on pipelines of samples alone',
      labelNames: ['api', 'method'],
      buckets: durationBuckets,
      registers,
    });
    this.operations = countOperations((api, method) => {
      const child = duration.labels({ api, method });
      return (seconds) => child.observe(seconds);
    });
    this.#operationsTotal = new Counter({
      name: 'kvnode_operations_total',
      help: 'Operations answered, by how they came in and by code: OK, or that of an error',
      labelNames: ['api', 'method', 'code'],
      registers,
    });
    this.#suspensions = new Counter({
      name: 'kvnode_zookeeper_suspensions_total',
      help: 'How often the connection to ZooKeeper was lost, for a moment or for good',
      registers,
    });
    this.#moved = new Counter({
      name: 'kvnode_shards_moved_total',
      help: 'Replicas that this node began to hold (in) and gave up because they are held elsewhere (out)',
      labelNames: ['direction'],
      registers,
    });
    for (const direction of ['in', 'out']) this.#moved.inc({ direction }, 0);
    this.expiry = new ExpiryMetrics(registers);
    this.disk = new DiskMetrics(registers);
    this.scans = new ScanMetrics(registers);
    this.#process = new ProcessMetrics(registers);
    this.#replicas = new ReplicaMetrics(registers);
  }

  /** @returns the metrics in the text format of Prometheus. @param facts the state of the node now. */
  async read(facts: NodeFacts): Promise<{ readonly contentType: string; readonly text: string }> {
    this.#setOperations();
    // Measuring starts with the first scrape: it costs a timer, which a node without scrapes does not need.
    this.#delay ??= new EventLoopDelay();
    this.#process.set(facts, this.#delay.seconds);
    this.#replicas.set(facts);
    this.scans.set(facts.openScans);
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  zookeeperSuspended(): void {
    this.#suspensions.inc();
  }

  shardMoved(direction: 'in' | 'out'): void {
    this.#moved.inc({ direction });
  }

  close(): void {
    this.#delay?.close();
  }

  #setOperations(): void {
    this.#operationsTotal.reset();
    for (const api of apis)
      for (const method of operationMethods) {
        const { succeeded, failures } = this.operations[api][method];
        this.#operationsTotal.inc({ api, method, code: 'OK' }, succeeded);
        for (const [code, count] of failures) this.#operationsTotal.inc({ api, method, code }, count);
      }
  }
}
