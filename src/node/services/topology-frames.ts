/** GetTopology and WatchTopology over frames: the client sends one request, the node one report, or one after every change. */
import { KvError } from '../../errors.js';
import type { FrameStream } from '../../transport/index.js';
import type { GetTopologyRequest, TopologyReport } from '../../wire/contract/kv-api.js';
import { topologyReportTable, topologyRequestTable } from '../../wire/contract/topology-messages.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';
import type { TopologyPublisher, TopologyWatcher } from '../cluster/topology-publisher.js';
import type { FrameHandler } from './frame-server.js';

/** The handlers by the names of their rpcs. @param report answers GetTopology. */
export function topologyHandlers(
  topology: Pick<TopologyPublisher, 'watch' | 'caughtUp' | 'forget'>,
  report: (request: GetTopologyRequest) => TopologyReport,
): Readonly<Record<string, FrameHandler>> {
  return {
    'kv.v1.Cluster/GetTopology': (accept) =>
      serveRequest(accept, (request, stream) => {
        stream.send(topologyReportTable.encode(report(request)));
        stream.end();
        return undefined;
      }),
    'kv.v1.Cluster/WatchTopology': (accept) =>
      serveRequest(accept, (request, stream) => {
        const watcher = new FrameWatcher(request, stream);
        topology.watch(watcher);
        return {
          onDrain: () => {
            watcher.isBehind = false;
            topology.caughtUp(watcher);
          },
          onClosed: () => topology.forget(watcher),
        };
      }),
  };
}

class FrameWatcher implements TopologyWatcher {
  readonly request: GetTopologyRequest;
  readonly #stream: FrameStream;
  isBehind = false;

  constructor(request: GetTopologyRequest, stream: FrameStream) {
    this.request = request;
    this.#stream = stream;
  }

  send(report: TopologyReport): void {
    this.isBehind = !this.#stream.send(topologyReportTable.encode(report));
  }

  end(): void {
    this.#stream.end();
  }
}

interface Served {
  onDrain(): void;
  onClosed(): void;
}

/** Accepts an rpc with one request. @param serve called with the request. @returns what follows it, if anything. */
function serveRequest(
  accept: Parameters<FrameHandler>[0],
  serve: (request: GetTopologyRequest, stream: FrameStream) => Served | undefined,
): void {
  let isRequested = false;
  let served: Served | undefined;
  const stream = accept({
    onFrame: (message) => {
      const request = isRequested ? undefined : readRequest(message);
      isRequested = true;
      if (request === undefined) stream.fail(new KvError('INVALID_ARGUMENT', 'this rpc has one request, a GetTopologyRequest'));
      else served = serve(request, stream);
    },
    onDrain: () => served?.onDrain(),
    onEnd: () => {
      if (!isRequested) stream.fail(new KvError('INVALID_ARGUMENT', 'the client sent no request'));
    },
    onClosed: () => served?.onClosed(),
  });
}

function readRequest(message: Buffer): GetTopologyRequest | undefined {
  try {
    return topologyRequestTable.decode(message);
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}
