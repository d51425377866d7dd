/** The topology of a fake node, over gRPC and over frames. */
import { Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import type { TopologyWatcher } from '../../../src/node/cluster/topology-publisher.js';
import type { FrameHandler } from '../../../src/node/services/frame-server.js';
import { topologyHandlers } from '../../../src/node/services/topology-frames.js';
import type { GetTopologyRequest, TopologyReport } from '../../../src/wire/contract/kv-api.js';

/** Where a fake node keeps its watchers. */
export interface FakeWatches {
  begin(watcher: TopologyWatcher): void;
  end(watcher: TopologyWatcher): void;
}

export function watchOverGrpc(call: ServerWritableStream<GetTopologyRequest, TopologyReport>, watches: FakeWatches): void {
  call.sendMetadata(new Metadata());
  const watcher: TopologyWatcher = {
    request: call.request,
    isBehind: false,
    send: (report) => call.write(report),
    end: () => call.end(),
  };
  call.on('cancelled', () => watches.end(watcher));
  watches.begin(watcher);
}

/** WatchTopology over frames. */
export function fakeWatchHandlers(watches: FakeWatches): Readonly<Record<string, FrameHandler>> {
  const publisher = {
    watch: (watcher: TopologyWatcher) => watches.begin(watcher),
    caughtUp() {},
    forget: (watcher: TopologyWatcher) => watches.end(watcher),
  };
  const { 'kv.v1.Cluster/WatchTopology': handler } = topologyHandlers(publisher, () => {
    throw new Error('the fake answers GetTopology itself');
  });
  return { 'kv.v1.Cluster/WatchTopology': handler! };
}
