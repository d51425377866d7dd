/**
 * The possible measurements. A scenario describes the operations of the client, a trial is a scenario with a store.
 */

/** The share of reads, and the choice of keys. */
export const mixes = {
  put: { readRatio: 0, keys: 'uniform' },
  get: { readRatio: 1, keys: 'uniform' },
  mixed: { readRatio: 0.5, keys: 'uniform' },
  'mixed-zipf': { readRatio: 0.5, keys: 'zipf' },
  'put-zipf': { readRatio: 0, keys: 'zipf' },
  'put-one': { readRatio: 0, keys: 'one' },
} as const satisfies Record<string, { readRatio: number; keys: 'uniform' | 'zipf' | 'one' }>;

export type MixName = keyof typeof mixes;

export interface BenchScenario {
  readonly mix: MixName;
  readonly valueBytes: number;
  readonly keyspace: number;
  /** The number of operations in flight in each thread. */
  readonly inFlight: number;
  /** Client threads, each with a client of its own. */
  readonly threads: number;
  /**
   * `half`: after the highest rate has been found, operations are sent at half of it, and the times are taken then.
   */
  readonly pace: 'highest' | 'half';
}

/** The names of the stores on the command line and in the tables. */
export const storeNames = [
  'kvnode',
  'redis',
  'redis-wait',
  'tcp-model',
  'etcd',
  'zookeeper',
  'kvnode-1-shard',
  'kvnode-256-shards',
  'kvnode-1-node',
  'kvnode-2-nodes',
  'kvnode-grpc',
  'kvnode-unary',
  'kvnode-always',
  'kvnode-interval',
  'flush',
] as const;

export type StoreName = (typeof storeNames)[number];

export interface Trial {
  readonly store: StoreName;
  readonly scenario: BenchScenario;
}

export function scenarioId({ mix, valueBytes, keyspace, inFlight, threads, pace }: BenchScenario): string {
  const words = [mix, `${valueBytes}B`, `${keyspace}keys`, `${inFlight}fly`];
  if (threads > 1) words.push(`${threads}threads`);
  if (pace === 'half') words.push('half');
  return words.join('/');
}
