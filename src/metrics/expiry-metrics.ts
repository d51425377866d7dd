/** The metrics of keys that have expired (R17), of all shards whose primary is here. */
import { Histogram, type Registry } from 'prom-client';

/** In seconds, from a pause of the sweep up to a failover and a suspended machine. */
const lagBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

export class ExpiryMetrics {
  readonly #lag: Histogram;

  constructor(registers: Registry[]) {
    const help = 'From when a key was due, in the time of its shard, until its delete had committed';
    this.#lag = new Histogram({ name: 'kvnode_expiry_lag_seconds', help, buckets: lagBuckets, registers });
  }

  expired(lagMs: number): void {
    this.#lag.observe(Math.max(0, lagMs) / 1_000);
  }
}
