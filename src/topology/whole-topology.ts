/** One topology from one report of each of several nodes. Pure. */
import type { Topology, TopologyReport } from '../wire/contract/kv-api.js';
import { TopologyMerge } from './merge-topology.js';

export interface NodeReport {
  /** host:port of the node that reports. */
  readonly from: string;
  readonly report: TopologyReport;
}

/** Stands for the address of a node that is not known: its report counts less than those of the others. */
const unknownNode = '';

/** @param seen the report of some node; @param reports of each other node the shards that it holds. */
export function wholeTopology(seen: TopologyReport, reports: readonly NodeReport[]): Topology {
  const merge = new TopologyMerge();
  merge.receive(unknownNode, seen);
  merge.lose(unknownNode);
  for (const { from, report } of reports) merge.receive(from, report);
  return merge.topology!;
}
