import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { GetTopologyRequest, ShardReport, TopologyReport } from '../../wire/contract/kv-api.js';
import { Forwarder } from '../operations/forwarder.js';
import type { ShardDirectory } from '../shards/shard-directory.js';
import { ClusterServer } from './cluster-server.js';

const shardCount = 3;

const noDirectory: ShardDirectory = {
  ...{ shardCount, local: () => undefined, primaryElsewhere: () => undefined, isOffline: () => false, learnPrimary: () => {} },
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

  /** Of each message: the shards in it with their epochs, and the nodes. */
  get heard(): string[] {
    return this.seen.map(({ shards, nodes, partial }) => {
      const told = [...shards.map(({ shard, epoch }) => `${shard}@${epoch}`), ...nodes.map(({ id }) => id)];
      return `${partial ? 'new' : 'all'} ${told.join(' ')}`;
    });
  }
}

/** A node that holds shards 0 and 1. */
class Node {
  readonly #epochs = [1, 1, 0];
  readonly #held = [true, true, false];
  #nodes = ['a'];
  readonly #untold = new Set<number>();
  /** Of the shard of any key. */
  primaryElsewhere: string | undefined;
  readonly asked: string[] = [];
  readonly server = new ClusterServer({
    topology: { shardCount, cluster: () => this.#cluster(), shard: (shard) => this.#shard(shard) },
    directory: { ...noDirectory, primaryElsewhere: () => this.primaryElsewhere },
    untold: () => ({ shards: this.#untold, cluster: false }),
    forwarder: this.#forwarder(),
    nodeStatus: () => expect.fail(),
    probed: () => expect.fail(),
    listKeys: () => expect.fail(),
    force: () => expect.fail(),
  });

  elect(shard: number, epoch: number, held = true): void {
    this.#epochs[shard] = epoch;
    this.#held[shard] = held;
    this.server.changed({ shards: new Set([shard]), cluster: false });
  }

  /** As `elect`, of which nobody has been told yet. */
  electSilently(shard: number, epoch: number, held: boolean): void {
    this.#epochs[shard] = epoch;
    this.#held[shard] = held;
    this.#untold.add(shard);
  }

  register(...nodes: string[]): void {
    this.#nodes = nodes;
    this.server.changed({ shards: new Set(), cluster: true });
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
    const nodes = this.#nodes.map((id) => ({ id, address: `${id}:1`, zone: '', weight: 1 }));
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

test('a watcher is told everything at once, then each change, and nothing twice', () => {
  const node = new Node();
  const watcher = node.watch();
  node.elect(1, 2);
  node.elect(1, 2);
  node.register('a', 'b');
  node.elect(0, 7);
  expect(watcher.heard).toEqual(['all 0@1 1@1 2@0 a', 'new 1@2', 'new a b', 'new 0@7']);
});

test('a watcher that does not ask for changes is told everything again', () => {
  const node = new Node();
  const watcher = node.watch({});
  node.elect(1, 2);
  expect(watcher.heard).toEqual(['all 0@1 1@1 2@0 a', 'all 0@1 1@2 2@0 a']);
});

test('a watcher that asks for held shards only is told of no others, but also of one that is held no more', () => {
  const node = new Node();
  const watcher = node.watch({ changesOnly: true, heldOnly: true });
  node.elect(2, 0, false);
  node.elect(1, 0, false);
  node.elect(2, 5);
  expect(watcher.heard).toEqual(['all 0@1 1@1 a', 'new 1@0', 'new 2@5']);
});

test('who comes later is told what has become of it meanwhile, whoever was told before', () => {
  const node = new Node();
  const first = node.watch();
  node.elect(0, 2);
  first.emit('cancelled');
  node.elect(0, 3);
  const second = node.watch();
  node.elect(1, 4);
  expect(first.heard).toHaveLength(2);
  expect(second.heard).toEqual(['all 0@3 1@1 2@0 a', 'new 1@4']);
});

test('a watcher that reads slowly is told all that came meanwhile, in one message, when it has caught up', () => {
  const node = new Node();
  const watcher = node.watch();
  const quick = node.watch();
  watcher.writableLength = 100;
  node.elect(0, 2);
  node.elect(1, 2);
  node.elect(0, 3);
  expect(watcher.heard).toHaveLength(1);
  watcher.writableLength = 0;
  watcher.emit('drain');
  expect(watcher.heard.slice(1)).toEqual(['new 0@3 1@2']);
  expect(quick.heard.slice(1)).toEqual(['new 0@2', 'new 1@2', 'new 0@3']);
});

test('who asks before the news are told is told them all the same', () => {
  const node = new Node();
  node.watch();
  node.electSilently(2, 9, true);
  node.electSilently(0, 4, true);
  expect(node.watch().heard).toEqual(['all 0@4 1@1 2@9 a']);
});

test('who is in sync is the word of the primary: its own if it is this node, else that of the other', async () => {
  const node = new Node();
  const key = Buffer.from('key');
  expect(await node.server.inSyncNodes(key)).toEqual(['a', 'x']);
  node.primaryElsewhere = 'b:1';
  expect(await node.server.inSyncNodes(key)).toEqual(['b', 'c']);
  expect(node.asked).toEqual(['b:1']);
});
