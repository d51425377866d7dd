import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { Topology } from '../rpc/kv-api.js';
import { ClusterServer } from './cluster-server.js';

class Watcher extends EventEmitter {
  readonly seen: string[] = [];
  writableLength = 0;

  write(topology: Topology): void {
    this.seen.push(topology.clusterId);
  }
}

function serverOf(): { readonly server: ClusterServer; show(name: string): void; watch(): Watcher } {
  let topology: Topology = { clusterId: 't1', nodes: [], shards: [], placementVersion: 0 };
  const server = new ClusterServer({ topology: () => topology, nodeStatus: () => expect.fail(), force: () => expect.fail() });
  return {
    server,
    show: (name) => {
      topology = { ...topology, clusterId: name };
      server.changed();
    },
    watch: () => {
      const watcher = new Watcher();
      (server.implementation.WatchTopology as unknown as (call: Watcher) => void)(watcher);
      return watcher;
    },
  };
}

test('a watcher is told the topology at once and every change after it, and nothing twice', () => {
  const { server, show, watch } = serverOf();
  const watcher = watch();
  show('t2');
  server.changed();
  show('t1');
  expect(watcher.seen).toEqual(['t1', 't2', 't1']);
});

test('what another watcher was told last is no reason to keep silent', () => {
  const { show, watch } = serverOf();
  const first = watch();
  show('t2');
  first.emit('cancelled');
  show('t3');
  const second = watch();
  show('t2');
  expect(second.seen).toEqual(['t3', 't2']);
});

test('a watcher that reads slowly is told the latest when it has caught up', () => {
  const { show, watch } = serverOf();
  const watcher = watch();
  watcher.writableLength = 100;
  show('t2');
  show('t3');
  watcher.writableLength = 0;
  watcher.emit('drain');
  expect(watcher.seen).toEqual(['t1', 't3']);
});
