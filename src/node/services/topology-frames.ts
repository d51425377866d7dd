/** GetTopology and WatchTopology over frames: the client sends one request, the node one report, or one after every change. */
import type { FrameStream } from '../../transport/index.js';
import type { GetTopologyRequest, TopologyReport } from '../../wire/contract/kv-api.js';
import { topologyReportTable, topologyRequestTable } from '../../wire/contract/topology-messages.js';
import type { TopologyPublisher, TopologyWatcher } from '../cluster/topology-publisher.js';
import type { FrameHandler } from './frame-server.js';
import { oneRequest } from './one-request.js';

const decode = (message: Buffer): GetTopologyRequest => topologyRequestTable.decode(message);

/** The handlers by the names of their rpcs. @param report answers GetTopology. */
export function topologyHandlers(
  topology: Pick<TopologyPublisher, 'watch' | 'caughtUp' | 'forget'>,
  report: (request: GetTopologyRequest) => TopologyReport,
): Readonly<Record<string, FrameHandler>> {
  return {
    'kv.v1.Cluster/GetTopology': oneRequest(decode, (request, stream) => {
      stream.send(topologyReportTable.encode(report(request)));
      stream.end();
      return undefined;
    }),
    'kv.v1.Cluster/WatchTopology': oneRequest(decode, (request, stream) => {
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
