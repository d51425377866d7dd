/** The topology of a fake node, over gRPC and over frames. */
import { type handleUnaryCall, Metadata, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';
import type { TopologyWatcher } from '../../../src/node/cluster/topology-publisher.js';
import type { FrameHandler } from '../../../src/node/services/frame-server.js';
import { topologyHandlers } from '../../../src/node/services/topology-frames.js';
import { fromStatus } from '../../../src/wire/contract/grpc-status.js';
import type { GetTopologyRequest, TopologyReport } from '../../../src/wire/contract/kv-api.js';
import { topologyReportTable, topologyRequestTable } from '../../../src/wire/contract/topology-messages.js';

type GetTopology = handleUnaryCall<GetTopologyRequest, TopologyReport>;

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

export function fakeTopologyHandlers(getTopology: GetTopology, watches: FakeWatches): Readonly<Record<string, FrameHandler>> {
  const publisher = {
    watch: (watcher: TopologyWatcher) => watches.begin(watcher),
    caughtUp() {},
    forget: (watcher: TopologyWatcher) => watches.end(watcher),
  };
  return {
    ...topologyHandlers(publisher, () => {
      throw new Error('the fake answers GetTopology itself');
    }),
    'kv.v1.Cluster/GetTopology': (accept) => {
      const stream = accept({
        onFrame: (message) => {
          const call = { request: topologyRequestTable.decode(message) };
          getTopology(call as ServerUnaryCall<GetTopologyRequest, TopologyReport>, (error, report) => {
            if (error) return stream.fail(fromStatus(error as Parameters<typeof fromStatus>[0]));
            stream.send(topologyReportTable.encode(report!));
            stream.end();
          });
        },
        onDrain() {},
        onEnd() {},
        onClosed() {},
      });
    },
  };
}
