/** A cluster of two nodes, the second of which may not answer. */
import type { NodeRegistration } from '../../coordination/index.js';
import { KvError } from '../../errors.js';
import type { NodeFigures } from './cluster-json.js';
import type { ClusterView } from './cluster-routes.js';
import type { ListedKey } from './held-keys.js';

export class FakeClusterView implements ClusterView {
  readonly nodes: readonly NodeRegistration[] = [
    { nodeId: 'node-a', address: '127.0.0.1:9090', httpAddress: '127.0.0.1:8080', zone: 'z', weight: 2 },
    { nodeId: '127.0.0.1:9091', address: '127.0.0.1:9091' },
  ];
  /** The keys of each shard, in order. */
  readonly keys = new Map<number, ListedKey[]>([
    [0, []],
    [3, ['a', 'b', 'c/d', 'ключ', '🔑'].map((key, index) => ({ key, version: index + 1, valueBytes: 3 }))],
    [7, ['x', 'y'].map((key, index) => ({ key, version: index + 9, valueBytes: 0 }))],
  ]);
  readonly released = new Set<number>();
  silent: KvError | undefined;

  /** The nodes that are drained. */
  readonly draining = new Set<string>();

  isDraining(nodeId: string): boolean {
    return this.draining.has(nodeId);
  }

  async setDraining(nodeId: string, draining: boolean): Promise<{ shardCount: number }> {
    if (nodeId === '127.0.0.1:9091') throw new KvError('NOT_DRAINED', 'too few other nodes');
    if (nodeId !== 'node-a') throw new KvError('INVALID_ARGUMENT', 'no such node');
    if (draining) this.draining.add(nodeId);
    else this.draining.delete(nodeId);
    return { shardCount: 3 };
  }

  async checkStop(nodeId: string) {
    const shards = nodeId === 'node-a' ? [{ shard: 3, copiesLeft: 1, copiesNeeded: 2 }] : [];
    return { shards, silentNodeIds: ['silent'] };
  }

  async status({ nodeId }: NodeRegistration): Promise<NodeFigures> {
    if (nodeId !== 'node-a' && this.silent !== undefined) throw this.silent;
    return {
      version: '1.0.0',
      uptimeMs: 5,
      zookeeper: 'connected',
      warnings: ['something'],
      keys: 7,
      dataBytes: 100,
      dataLimitBytes: 1_000,
      memoryBytes: 2_000,
      maxMemoryBytes: 3_000,
      logLinesDropped: 0,
      openDescriptors: 20,
      maxDescriptors: 1_024,
      durability: 'always',
      formatInUse: 6,
      oldestFormat: 6,
      newestFormat: 7,
      diskBytes: 4_000,
      maxDiskBytes: 5_000,
      state: 'lmdb',
      stateLag: 6,
      stateImpaired: false,
      replicas: [...this.keys].map(([shard, keys]) => ({
        shard,
        role: 'backup',
        epoch: 1,
        serving: false,
        complete: true,
        keys: keys.length,
        dataBytes: 10,
        held: shard === 7 ? null : { history: 'h', epoch: 1, epochId: 'e1', removals: 0 },
        found: null,
      })),
    };
  }

  async listKeys(_node: NodeRegistration, { shard, after, limit }: { shard: number; after: string; limit: number }) {
    if (this.released.has(shard)) throw new KvError('NOT_PRIMARY', 'no replica here');
    const all = this.keys.get(shard)!;
    const from = after === '' ? 0 : all.findIndex(({ key }) => key === after) + 1;
    const keys = all.slice(from, from + limit);
    return { keys, nextAfter: from + limit < all.length ? keys.at(-1)!.key : '' };
  }

  async topology() {
    const known = { epoch: 2, primaryNodeId: 'node-a', minInSync: 1, offline: false, serving: true, placedNodeIds: ['node-a'] };
    const replicas = [
      { nodeId: 'node-a', inSync: true, live: true },
      { nodeId: 'node-b', inSync: false, live: true },
    ];
    return {
      clusterId: 'c',
      placementVersion: 4,
      shards: [
        { ...known, shard: 0, replicas },
        { ...known, shard: 1, replicas: [], primaryNodeId: '', serving: false, offline: true },
      ],
    };
  }
}
