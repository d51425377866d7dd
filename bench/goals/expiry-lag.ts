/** The lag of expiry as nodes report it: a histogram, summed over all nodes, between two moments. */
import type { LocalCluster } from '../../local/local-cluster.js';
import { samplesOf, sumOf } from './metric-samples.js';

const bucketPattern = /^kvnode_expiry_lag_seconds_bucket\{.*le="([^"]+)"/;

/** The number of expired keys with at most this lag, by the bound in milliseconds; infinite for all of them. */
export type LagCounts = ReadonlyMap<number, number>;

/** The nodes need --http-port. */
export async function lagsSoFar(cluster: LocalCluster): Promise<LagCounts> {
  const counts = new Map<number, number>();
  for (const samples of await Promise.all(cluster.nodes.map(samplesOf))) {
    for (const { series, value } of samples) {
      const [, bound] = bucketPattern.exec(series) ?? [];
      if (bound === undefined) continue;
      const boundMs = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound) * 1_000;
      counts.set(boundMs, (counts.get(boundMs) ?? 0) + value);
    }
  }
  return counts;
}

export function lagsBetween(before: LagCounts, after: LagCounts): LagCounts {
  return new Map([...after].map(([boundMs, count]) => [boundMs, count - (before.get(boundMs) ?? 0)]));
}

/** The number of keys that have expired. */
export function expiredIn(lags: LagCounts): number {
  return lags.get(Number.POSITIVE_INFINITY) ?? 0;
}

/** The smallest bound that `percent` of the lags do not exceed: the true percentile is at most that. */
export function percentileBoundMs(lags: LagCounts, percent: number): number {
  const wanted = (expiredIn(lags) * percent) / 100;
  const bounds = [...lags].filter(([, count]) => count >= wanted).map(([boundMs]) => boundMs);
  return Math.min(...bounds);
}

/** Keys with a TTL that the nodes hold, each replica counted. */
export async function expiringKeysOf(cluster: LocalCluster): Promise<number> {
  const samples = (await Promise.all(cluster.nodes.map(samplesOf))).flat();
  return sumOf(samples.filter(({ series }) => series.startsWith('kvnode_expiring_keys')));
}
