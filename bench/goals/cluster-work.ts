/**
 * The work of all nodes of a cluster between two moments: CPU time from the operating system, and operations and frames
 * from the nodes' own metrics. Both cover the same time, so one can be divided by the other. The nodes need --http-port.
 */
import type { LocalCluster } from '../../local/local-cluster.js';
import { type Sample, samplesOf, sumOf } from './metric-samples.js';
import { cpuMsOf } from './process-figures.js';

/** Sums over all nodes. */
export interface ClusterWork {
  readonly cpuMs: number;
  readonly operations: number;
  /** Frames that nodes and clients have sent to each other. */
  readonly clientFrames: number;
  /** Frames that nodes have sent to each other, each counted once, at the node that accepted the stream. */
  readonly nodeFrames: number;
}

export async function workSoFar(cluster: LocalCluster): Promise<ClusterWork> {
  const nodes = await Promise.all(
    cluster.nodes.map(async (node) => ({ samples: await samplesOf(node), cpuMs: await cpuMsOf(node.pid) })),
  );
  const sum = (name: string, label: string): number => sumOf(nodes.flatMap(({ samples }) => samples.filter(isOf(name, label))));
  return {
    cpuMs: sumOf(nodes.map(({ cpuMs }) => ({ value: cpuMs }))),
    operations: sum('kvnode_operations_total', 'code="OK"'),
    clientFrames: sum('kvnode_frames_total', 'peer="client"'),
    // Each is sent by one node and received by another.
    nodeFrames: sum('kvnode_frames_total', 'peer="node",direction="sent"'),
  };
}

export function workBetween(before: ClusterWork, after: ClusterWork): ClusterWork {
  return {
    cpuMs: after.cpuMs - before.cpuMs,
    operations: after.operations - before.operations,
    clientFrames: after.clientFrames - before.clientFrames,
    nodeFrames: after.nodeFrames - before.nodeFrames,
  };
}

function isOf(name: string, label: string): (sample: Sample) => boolean {
  return ({ series }) => series.startsWith(`${name}{`) && series.includes(label);
}
