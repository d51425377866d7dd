/** One topology from what several nodes see when they are asked. Pure. */
import type { Topology, TopologyReport } from '../wire/contract/kv-api.js';
import { TopologyMerge } from './merge-topology.js';

export interface NodeReport {
  /** host:port of the node that tells it. */
  readonly from: string;
  readonly report: TopologyReport;
}

/** No address: what it tells counts less than what a node is known to tell. */
const anyNode = '';

/** `seen`: by some node that was asked first; of each of the others what it holds. */
export function wholeTopology(seen: TopologyReport, reports: readonly NodeReport[]): Topology {
  const merge = new TopologyMerge();
  merge.hear(anyNode, seen);
  merge.lose(anyNode);
  for (const { from, report } of reports) merge.hear(from, report);
  return merge.topology!;
}
