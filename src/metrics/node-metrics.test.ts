import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { CoreStatus, ShardState } from '../replication/index.js';
import type { NodeFacts } from './node-facts.js';
import { NodeMetrics } from './node-metrics.js';

const open: NodeMetrics[] = [];
afterEach(() => {
  for (const metrics of open.splice(0)) metrics.close();
});

type Measured = NodeMetrics & { readNow(): ReturnType<NodeMetrics['read']> };

function metricsOf(facts: NodeFacts): Measured {
  const metrics = new NodeMetrics();
  open.push(metrics);
  return Object.assign(metrics, { readNow: () => metrics.read(facts) });
}

function stateOf(epoch: number, primary: string, inSync: readonly string[]): ShardState {
  return { history: 'h', epoch, lineage: [{ epoch, id: `id${epoch}` }], primary, inSync, seqFloor: 1, givenUp: [] };
}

function replica(changes: Partial<CoreStatus>): CoreStatus {
  return {
    replicaId: 'a~1',
    role: 'primary',
    epoch: 1,
    serving: true,
    complete: true,
    offline: false,
    peers: [],
    lastSeq: 0,
    lastEpoch: 1,
    commitIndex: 0,
    appliedSeq: 0,
    logBytes: 0,
    requests: 0,
    requestBytes: 0,
    line: undefined,
    foundHistory: undefined,
    state: stateOf(1, 'a~1', ['a~1', 'b~1']),
    ...changes,
  };
}

const facts: NodeFacts = {
  held: [],
  placedShards: 0,
  draining: false,
  minInSync: 2,
  ready: true,
  zookeeperConnected: true,
  nodes: 3,
  placementVersion: 4,
  format: { inUse: 6, newest: 7 },
  grpcConnections: 5,
  cutConnections: { silent: 6 },
  pipelines: 2,
  frames: {
    client: { sent: 10, received: 11, sentBytes: 1_000, receivedBytes: 1_100 },
    node: { sent: 20, received: 21, sentBytes: 2_000, receivedBytes: 2_100 },
  },
  pending: { pipeline: 7, single: 8 },
  keptCalls: 3,
  openScans: 2,
  logLinesDropped: 9,
  descriptors: { open: 20, allowed: 1_024 },
  diskBytes: 4_000,
  database: { lagEntries: 5, unflushedEntries: 6, overlayBytes: 6_000, waitingReads: 7, silentMs: 8_000, sizeBytes: 9_000 },
  limits: { dataBytes: 1_000, logBytes: 2_000, memoryBytes: 3_000, diskBytes: 5_000 },
};

function held(shard: number, changes: Partial<CoreStatus>, placed = true) {
  return { shard, placed, keys: 10, expiringKeys: 0, dataBytes: 100, replica: replica(changes) };
}

/** The samples: all lines that are no comments. */
async function samplesOf(metrics: Measured): Promise<Map<string, string>> {
  const { text } = await metrics.readNow();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]));
}

describe('docs/metrics.md', () => {
  test('lists every metric with its type and labels, and no other', async () => {
    const metrics = metricsOf({ ...facts, held: [held(0, {})], placedShards: 1 });
    metrics.operations.unary.get.took(1);
    const { text } = await metrics.readNow();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!] as const);
    const labelsOf = (name: string): string[] => {
      const samples = [...text.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `, 'gm'))];
      const labels = samples.flatMap(([, list]) => [...list!.matchAll(/(\w+)="/g)].map(([, label]) => label!));
      return [...new Set(labels)].filter((label) => label !== 'le').sort();
    };
    const reported = types.map(([name, type]) => ({ name, type, labels: labelsOf(name) }));
    const rows = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8').matchAll(
      /^\| `(\w+)` \| (\w+) \| (.*?) ?\|/gm,
    );
    const documented = [...rows].map(([, name, type, labels]) => ({
      name,
      type,
      labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!).sort(),
    }));
    const byName = (one: { name?: string }, other: { name?: string }) => (one.name! < other.name! ? -1 : 1);
    expect(documented.sort(byName)).toEqual(reported.sort(byName));
  });
});

test('operations are counted by api, method and code', async () => {
  const metrics = metricsOf(facts);
  metrics.operations.pipeline.put.succeeded += 3;
  metrics.operations.rest.get.failed('INVALID_KEY');
  metrics.operations.rest.get.failed('INVALID_KEY');
  await metrics.readNow();
  const samples = await samplesOf(metrics);
  expect(samples.get('kvnode_operations_total{api="pipeline",method="put",code="OK"}')).toBe('3');
  expect(samples.get('kvnode_operations_total{api="rest",method="get",code="INVALID_KEY"}')).toBe('2');
  expect(samples.get('kvnode_operations_total{api="unary",method="delete",code="OK"}')).toBe('0');
});

test('extreme values count: the smallest in-sync set, the longest lag of an in-sync replica', async () => {
  const peer = (replicaId: string, ackedSeq: number) => ({ replicaId, phase: 'replicating' as const, ackedSeq });
  const samples = await samplesOf(
    metricsOf({
      ...facts,
      placedShards: 3,
      held: [
        held(0, { lastSeq: 100, commitIndex: 90, peers: [peer('b~1', 90), peer('joiner~1', 1)], epoch: 7 }),
        held(1, { serving: false, state: stateOf(1, 'a~1', ['a~1']) }),
        held(2, { role: 'backup', state: stateOf(9, 'c~1', ['c~1']), epoch: 9, offline: true }, false),
      ],
    }),
  );
  const reported = (name: string) => Number(samples.get(name));
  expect(reported('kvnode_in_sync_replicas_min')).toBe(1);
  expect(reported('kvnode_primaries_below_min_in_sync')).toBe(1);
  expect(reported('kvnode_primaries_serving')).toBe(1);
  expect(reported('kvnode_replication_lag_entries_max')).toBe(10);
  expect(reported('kvnode_uncommitted_entries')).toBe(10);
  expect(reported('kvnode_highest_epoch')).toBe(9);
  expect(reported('kvnode_shards_offline')).toBe(1);
  expect([reported('kvnode_shards_moving{direction="in"}'), reported('kvnode_shards_moving{direction="out"}')]).toEqual([1, 1]);
  expect([reported('kvnode_replicas{role="primary"}'), reported('kvnode_replicas{role="backup"}')]).toEqual([2, 1]);
  expect([reported('kvnode_keys'), reported('kvnode_data_bytes')]).toEqual([30, 300]);
});

test('a node without primaries reports NaN as its smallest in-sync set, not 0', async () => {
  const samples = await samplesOf(metricsOf(facts));
  expect(samples.get('kvnode_in_sync_replicas_min')).toBe('Nan');
});

test('the output is no longer with the most shards and copies than with one', async () => {
  const peers = Array.from({ length: 15 }, (_, at) => ({ replicaId: `${at}~1`, phase: 'replicating' as const, ackedSeq: 0 }));
  const state = stateOf(1, 'a~1', ['a~1', ...peers.map(({ replicaId }) => replicaId)]);
  const one = held(0, { peers, state, lastSeq: 3 });
  const reported = (shards: number) => samplesOf(metricsOf({ ...facts, held: Array.from({ length: shards }, () => one) }));
  const all = await reported(16_384);
  expect(all.size).toBe((await reported(1)).size);
  expect([all.get('kvnode_in_sync_replicas_min'), all.get('kvnode_replication_lag_entries_max')]).toEqual(['16', '3']);
});

test('frames are reported by peer and direction', async () => {
  const metrics = metricsOf(facts);
  await metrics.readNow();
  const samples = await samplesOf(metrics);
  const ofPeer = (name: string, peer: string) =>
    ['sent', 'received'].map((direction) => samples.get(`${name}{peer="${peer}",direction="${direction}"}`));
  expect([ofPeer('kvnode_frames_total', 'client'), ofPeer('kvnode_frames_total', 'node')]).toEqual([
    ['10', '11'],
    ['20', '21'],
  ]);
  expect(ofPeer('kvnode_frame_bytes_total', 'node')).toEqual(['2000', '2100']);
});

test('open descriptors, their limit, and lost lines of the log are reported', async () => {
  const samples = await samplesOf(metricsOf(facts));
  const reported = ['process_open_fds', 'process_max_fds', 'kvnode_log_lines_dropped_total'].map((name) => samples.get(name));
  expect(reported).toEqual(['20', '1024', '9']);
});
