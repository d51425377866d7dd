import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { GetTopologyRequest, ShardReport, TopologyReport } from '../../wire/contract/kv-api.js';
import { TopologyPublisher } from '../cluster/topology-publisher.js';
import { Forwarder } from '../operations/forwarder.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { ClusterServer } from './cluster-server.js';

const shardCount = 3;

const noDirectory: ShardDirectory = {
  shardCount,
  local: () => undefined,
  primaryElsewhere: () => undefined,
  awaited: () => undefined,
  learnPrimary: () => {},
};

class Watcher extends EventEmitter {
  readonly request: GetTopologyRequest;
  readonly seen: TopologyReport[] = [];
  writableLength = 0;

  constructor(request: GetTopologyRequest) {
    super();
    this.request = request;
  }

  write(report: TopologyReport): void {
    this.seen.push(report);
  }

  /** For each message: the shards in it with their epochs, and the nodes. */
  get received(): string[] {
    return this.seen.map(({ shards, nodes, partial }) => {
      const parts = [...shards.map(({ shard, epoch }) => `${shard}@${epoch}`), ...nodes.map(({ id }) => id)];
      return `${partial ? 'new' : 'all'} ${parts.join(' ')}`;
    });
  }
}

/** A node that holds shards 0 and 1. */
class Node {
  readonly #epochs = [1, 1, 0];
  readonly #held = [true, true, false];
  #nodes = ['a'];
  readonly #pendingShards = new Set<number>();
  /** The primary's address for the shard of any key. */
  primaryElsewhere: string | undefined;
  readonly asked: string[] = [];
  readonly publisher = new TopologyPublisher(
    { shardCount, cluster: () => this.#cluster(), shard: (shard) => this.#shard(shard) },
    { pending: { shards: this.#pendingShards, cluster: false } },
  );
  readonly server = new ClusterServer({
    topology: this.publisher,
    directory: { ...noDirectory, primaryElsewhere: () => this.primaryElsewhere },
    forwarder: this.#forwarder(),
    nodeStatus: () => expect.fail(),
    probed: () => expect.fail(),
    dumps: { serveOverGrpc: () => expect.fail() },
    copies: { scanOverGrpc: () => expect.fail(), read: () => expect.fail() },
    draining: { set: () => expect.fail(), checkStop: () => expect.fail() },
    listKeys: () => expect.fail(),
    force: () => expect.fail(),
  });

  elect(shard: number, epoch: number, held = true): void {
    this.#epochs[shard] = epoch;
    this.#held[shard] = held;
    this.publisher.publish({ shards: new Set([shard]), cluster: false });
  }

  /** As `elect`, but the change is not published yet. */
  electSilently(shard: number, epoch: number, held: boolean): void {
    this.#epochs[shard] = epoch;
    this.#held[shard] = held;
    this.#pendingShards.add(shard);
  }

  register(...nodes: string[]): void {
    this.#nodes = nodes;
    this.publisher.publish({ shards: new Set(), cluster: true });
  }

  watch(request: GetTopologyRequest = { changesOnly: true }): Watcher {
    const watcher = new Watcher(request);
    (this.server.implementation.WatchTopology as unknown as (call: Watcher) => void)(watcher);
    return watcher;
  }

  #forwarder(): Forwarder {
    const forwarder = new Forwarder('one');
    forwarder.forward = async <_Request, Response>(address: string) => {
      this.asked.push(address);
      const holders = Object.entries({ b: 'primary', c: 'backup', d: 'joiner', e: 'lost', f: 'awaited' });
      return { holders: holders.map(([nodeId, role]) => ({ nodeId, role })) } as Response;
    };
    return forwarder;
  }

  #cluster(): TopologyReport {
    const nodes = this.#nodes.map((id) => ({ id, address: `${id}:1`, zone: '', weight: 1, framesVersion: 1, draining: false }));
    const versions = { placementVersion: 1, nodesVersion: this.#nodes.length };
    return { clusterId: 'one', nodes, shards: [], ...versions, shardCount, partial: false };
  }

  #shard(shard: number): ShardReport {
    const replica = (nodeId: string, inSync = true, live = true) => ({ nodeId, replicaId: `${nodeId}~1`, inSync, live });
    const replicas = [replica('x'), replica('y', false), replica('z', true, false), replica('a')];
    const rest = { primaryNodeId: 'a', primaryAddress: '', replicas, minInSync: 1, offline: false, serving: false };
    return { shard, epoch: this.#epochs[shard]!, ...rest, placedNodeIds: [], held: this.#held[shard]! };
  }
}

test('a watcher gets everything at once, then each change, and nothing twice', () => {
  const node = new Node();
  const watcher = node.watch();
  node.elect(1, 2);
  node.elect(1, 2);
  node.register('a', 'b');
  node.elect(0, 7);
  expect(watcher.received).toEqual(['all 0@1 1@1 2@0 a', 'new 1@2', 'new a b', 'new 0@7']);
});

test('a watcher that does not request changes gets everything again', () => {
  const node = new Node();
  const watcher = node.watch({});
  node.elect(1, 2);
  expect(watcher.received).toEqual(['all 0@1 1@1 2@0 a', 'all 0@1 1@2 2@0 a']);
});

test('a watcher that requests held shards only gets no others, but one message when a shard is no longer held', () => {
  const node = new Node();
  const watcher = node.watch({ changesOnly: true, heldOnly: true });
  node.elect(2, 0, false);
  node.elect(1, 0, false);
  node.elect(2, 5);
  expect(watcher.received).toEqual(['all 0@1 1@1 a', 'new 1@0', 'new 2@5']);
});

test('a later watcher gets the topology as it is by then, whatever others got before', () => {
  const node = new Node();
  const first = node.watch();
  node.elect(0, 2);
  first.emit('cancelled');
  node.elect(0, 3);
  const second = node.watch();
  node.elect(1, 4);
  expect(first.received).toHaveLength(2);
  expect(second.received).toEqual(['all 0@3 1@1 2@0 a', 'new 1@4']);
});

test('a watcher that reads slowly gets all changes since, in one message, when it has caught up', () => {
  const node = new Node();
  const watcher = node.watch();
  const quick = node.watch();
  watcher.writableLength = 100;
  node.elect(0, 2);
  node.elect(1, 2);
  node.elect(0, 3);
  expect(watcher.received).toHaveLength(1);
  watcher.writableLength = 0;
  watcher.emit('drain');
  expect(watcher.received.slice(1)).toEqual(['new 0@3 1@2']);
  expect(quick.received.slice(1)).toEqual(['new 0@2', 'new 1@2', 'new 0@3']);
});

test('a watcher that arrives before a change is published gets that change, too', () => {
  const node = new Node();
  node.watch();
  node.electSilently(2, 9, true);
  node.electSilently(0, 4, true);
  expect(node.watch().received).toEqual(['all 0@4 1@1 2@9 a']);
});

test('the primary reports which nodes are in sync: this node if it is primary, otherwise another', async () => {
  const node = new Node();
  const key = Buffer.from('key');
  expect(await node.server.inSyncNodes(key)).toEqual(['a', 'x']);
  node.primaryElsewhere = 'b:1';
  expect(await node.server.inSyncNodes(key)).toEqual(['b', 'c']);
  expect(node.asked).toEqual(['b:1']);
});
