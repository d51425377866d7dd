import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KvError } from '../../errors.js';
import { dialTcp, type FrameStream } from '../../transport/index.js';
import type { GetTopologyRequest, TopologyReport } from '../../wire/contract/kv-api.js';
import { topologyReportTable, topologyRequestTable } from '../../wire/contract/topology-messages.js';
import type { TopologyWatcher } from '../cluster/topology-publisher.js';
import { FrameServer } from './frame-server.js';
import { type Listening, listen } from './listen.js';
import { topologyHandlers } from './topology-frames.js';

let listening: Listening;
let requests: GetTopologyRequest[];
let watchers: Set<TopologyWatcher>;
let changed: () => void;

const report = (nodesVersion: number): TopologyReport => topologyReportTable.decode(topologyReportTable.encode({ nodesVersion }));

const publisher = {
  watch: (watcher: TopologyWatcher) => {
    watchers.add(watcher);
    watcher.send(report(1));
    changed();
  },
  caughtUp: () => changed(),
  forget: (watcher: TopologyWatcher) => {
    watchers.delete(watcher);
    changed();
  },
};

beforeEach(async () => {
  requests = [];
  watchers = new Set();
  changed = () => {};
  const frames = new FrameServer(() => {});
  const handlers = topologyHandlers(publisher, (request) => {
    requests.push(request);
    return report(5);
  });
  frames.goLive({ gate: { clusterId: 'ours', judge: () => undefined }, handlers });
  listening = await listen('127.0.0.1', 0, frames.serve, () => {});
});
afterEach(() => listening.shutDown(0));

/** Resolves when `isSo` has become true. */
function until(isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    changed = () => isSo() && resolve();
    changed();
  });
}

interface Call {
  readonly stream: FrameStream;
  readonly reports: TopologyReport[];
  readonly end: Promise<KvError | undefined>;
}

function open(rpc: string): Call {
  const reports: TopologyReport[] = [];
  const address = `127.0.0.1:${listening.port}`;
  let closed: (error: KvError | undefined) => void;
  const end = new Promise<KvError | undefined>((resolve) => {
    closed = resolve;
  });
  const stream = dialTcp(
    { address, rpc: `kv.v1.Cluster/${rpc}`, clusterId: undefined, connectTimeoutMs: 60_000 },
    {
      onAccepted() {},
      onFrame: (frame) => {
        reports.push(topologyReportTable.decode(frame));
        changed();
      },
      onDrain() {},
      onEnd() {},
      onClosed: (error) => closed(error),
    },
  );
  return { stream, reports, end };
}

describe('the topology over frames', () => {
  it('GetTopology has one request and one report', async () => {
    const { stream, reports, end } = open('GetTopology');
    stream.send(topologyRequestTable.encode({ withoutShards: true }));
    expect(await end).toBeUndefined();
    expect(reports).toEqual([report(5)]);
    expect(requests).toEqual([{ changesOnly: false, heldOnly: false, withoutShards: true }]);
  });

  it('WatchTopology sends reports until the client goes', async () => {
    const { stream, reports } = open('WatchTopology');
    stream.send(topologyRequestTable.encode({ changesOnly: true, heldOnly: true }));
    await until(() => watchers.size === 1);
    const [watcher] = watchers;
    expect(watcher!.request).toEqual({ changesOnly: true, heldOnly: true, withoutShards: false });
    watcher!.send(report(2));
    await until(() => reports.length === 2);
    expect(reports).toEqual([report(1), report(2)]);
    stream.cancel();
    await until(() => watchers.size === 0);
  });

  it('WatchTopology ends with the node', async () => {
    const { stream, end } = open('WatchTopology');
    stream.send(topologyRequestTable.encode({}));
    await until(() => watchers.size === 1);
    for (const watcher of watchers) watcher.end();
    expect(await end).toBeUndefined();
    expect(watchers.size).toBe(0);
  });

  it('a watcher that reads slowly is behind, until it has read', async () => {
    const { stream } = open('WatchTopology');
    stream.send(topologyRequestTable.encode({}));
    await until(() => watchers.size === 1);
    const [watcher] = watchers;
    stream.pause();
    const large = { ...report(1), clusterId: 'x'.repeat(100_000) };
    while (!watcher!.isBehind) watcher!.send(large);
    stream.resume();
    await until(() => !watcher!.isBehind);
    stream.cancel();
  });

  it('a message that is no request, a second one, or none at all is refused', async () => {
    const garbage = open('GetTopology');
    garbage.stream.send(Buffer.from([0xff]));
    expect(await garbage.end).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const second = open('WatchTopology');
    for (let sent = 0; sent < 2; sent += 1) second.stream.send(topologyRequestTable.encode({}));
    expect(await second.end).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const none = open('GetTopology');
    none.stream.end();
    expect(await none.end).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(requests).toEqual([]);
  });
});
