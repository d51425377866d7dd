/** Formats the line of each minute: the rate of the cluster, the signs, and the noise of the machine. */
import type { LocalCluster } from '../../local/local-cluster.js';
import type { LogWatch } from './log-watch.js';
import type { MachineNoise } from './machine-noise.js';

export class MinuteReport {
  readonly #cluster: LocalCluster;
  readonly #watch: LogWatch;
  readonly #noise: MachineNoise;
  #minute = 0;
  #commitIndex = 0;
  #takenAtMs = performance.now();

  constructor(cluster: LocalCluster, watch: LogWatch, noise: MachineNoise) {
    this.#cluster = cluster;
    this.#watch = watch;
    this.#noise = noise;
  }

  /** The line for the time since the last call. It begins the next minute. */
  async next(): Promise<string> {
    const before = { commitIndex: this.#commitIndex, atMs: this.#takenAtMs };
    this.#commitIndex = await this.#askCommitIndex();
    this.#takenAtMs = performance.now();
    this.#minute += 1;
    const writesPerSecond = ((this.#commitIndex - before.commitIndex) * 1_000) / (this.#takenAtMs - before.atMs);
    const { latestMs, stolenPercent, loadAverage } = await this.#noise.take();
    return (
      `minute ${this.#minute}: ${Math.round(writesPerSecond)} writes/s; ` +
      `${this.#watch.incidents} incidents, ${this.#watch.hints} hints so far; ` +
      `machine: load ${loadAverage.toFixed(1)}, ${stolenPercent.toFixed(1)} % stolen, timer up to ${Math.round(latestMs)} ms late`
    );
  }

  /** If a node is too busy to answer, the watch reports that; the missing rate does not end the run. */
  async #askCommitIndex(): Promise<number> {
    const statuses = await this.#cluster.statuses().catch(() => []);
    return Math.max(this.#commitIndex, ...statuses.flatMap(({ replicas }) => replicas.map(({ commitIndex }) => commitIndex)));
  }
}
