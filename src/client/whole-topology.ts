/** One topology from what several nodes see: each knows of the shards it holds, and of others only where they are placed. Pure. */
import type { ShardInfo, Topology } from '../rpc/kv-api.js';

export interface Report {
  /** The node that tells it. */
  readonly nodeId: string;
  readonly topology: Topology;
}

/** Of every shard what is newest, of its primary's own word before that of others. Undefined without any report. */
export function wholeTopology(reports: readonly Report[]): Topology | undefined {
  const [first, ...others] = reports;
  if (first === undefined) return undefined;
  const { topology } = others.reduce(
    (best, report) => (report.topology.placementVersion > best.topology.placementVersion ? report : best),
    first,
  );
  const byShard = new Map<number, { info: ShardInfo; nodeId: string }>();
  for (const { nodeId, topology: told } of reports)
    for (const info of told.shards) {
      const known = byShard.get(info.shard);
      if (known === undefined || knowsMore({ info, nodeId }, known)) byShard.set(info.shard, { info, nodeId });
    }
  const shards = topology.shards.map((info) => ({
    ...{ ...info, ...byShard.get(info.shard)?.info, placedNodeIds: info.placedNodeIds },
  }));
  return { ...topology, shards };
}

interface Told {
  readonly info: ShardInfo;
  readonly nodeId: string;
}

function knowsMore(one: Told, other: Told): boolean {
  if (one.info.epoch !== other.info.epoch) return one.info.epoch > other.info.epoch;
  return one.info.primaryNodeId === one.nodeId && other.info.primaryNodeId !== other.nodeId;
}
