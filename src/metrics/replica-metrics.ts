/** The metrics of the replicas that a node holds, over all shards together. */
import { Gauge, type Registry } from 'prom-client';
import type { NodeFacts } from './node-facts.js';
import { type ReplicaSummary, summarizeReplicas } from './replica-summary.js';

/** The gauges without labels. */
const gauges: readonly (readonly [
  name: string,
  help: string,
  valueFrom: (summary: ReplicaSummary, facts: NodeFacts) => number,
])[] = [
  ['kvnode_primaries_serving', 'Shards led here that serve reads and writes', ({ serving }) => serving],
  ['kvnode_shards_offline', 'Shards held here of which no in-sync replica is live', ({ offline }) => offline],
  ['kvnode_shards_placed', 'Shards that this node is to hold', (_, { placedShards }) => placedShards],
  ['kvnode_placement_version', 'Version of the placement that this node knows', (_, { placementVersion }) => placementVersion],
  ['kvnode_highest_epoch', 'Highest epoch of a replica here: grows by one with a change of its primary', (s) => s.highestEpoch],
  [
    'kvnode_in_sync_replicas_min',
    'Size of the smallest in-sync set led here; NaN if none is',
    (s) => s.smallestInSync ?? Number.NaN,
  ],
  ['kvnode_primaries_below_min_in_sync', 'Shards led here that refuse writes: too few in sync', (s) => s.belowMinInSync],
  ['kvnode_replication_lag_entries_max', 'Entries the slowest in-sync replica of a shard led here lacks', (s) => s.largestLag],
  ['kvnode_uncommitted_entries', 'Entries of all shards led here that wait to be committed', (s) => s.uncommittedEntries],
  ['kvnode_log_bytes', 'Log kept in memory', ({ logBytes }) => logBytes],
  [
    'kvnode_log_limit_bytes',
    'What of the log is kept for replicas that lack only its end, at most',
    (_, { limits }) => limits.logBytes,
  ],
  ['kvnode_requests', 'Requests recognised when they are sent again, each replica counted', ({ requests }) => requests],
  ['kvnode_request_bytes', 'Memory that these requests take', ({ requestBytes }) => requestBytes],
  ['kvnode_data_bytes', 'What keys and values cost in memory', ({ dataBytes }) => dataBytes],
  ['kvnode_data_limit_bytes', 'What they may cost; beyond it writes are refused', (_, { limits }) => limits.dataBytes],
  ['kvnode_keys', 'Keys held, each replica counted', ({ keys }) => keys],
  ['kvnode_expiring_keys', 'Keys among these that have a TTL', ({ expiringKeys }) => expiringKeys],
];

export class ReplicaMetrics {
  readonly #roles: Gauge<'role'>;
  readonly #moving: Gauge<'direction'>;
  readonly #setters: readonly ((summary: ReplicaSummary, facts: NodeFacts) => void)[];

  constructor(registers: Registry[]) {
    this.#roles = new Gauge({ name: 'kvnode_replicas', help: 'Replicas held here, by role', labelNames: ['role'], registers });
    const moving = 'Shards placed here that are not in sync here yet (in), and held here that are placed elsewhere (out)';
    this.#moving = new Gauge({ name: 'kvnode_shards_moving', help: moving, labelNames: ['direction'], registers });
    this.#setters = gauges.map(([name, help, valueFrom]) => {
      const gauge = new Gauge({ name, help, registers });
      return (summary, facts) => gauge.set(valueFrom(summary, facts));
    });
  }

  set(facts: NodeFacts): void {
    const summary = summarizeReplicas(facts);
    for (const [role, count] of Object.entries(summary.roles)) this.#roles.set({ role }, count);
    this.#moving.set({ direction: 'in' }, summary.movingIn);
    this.#moving.set({ direction: 'out' }, summary.movingOut);
    for (const set of this.#setters) set(summary, facts);
  }
}
