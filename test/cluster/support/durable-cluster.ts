/** Clusters whose nodes keep their data, each in a folder of its own below a temporary one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { LocalCluster, LocalClusterOptions } from '../../../local/local-cluster.js';
import { NodeProcess, type NodeProcessOptions } from '../../../local/node-process.js';
import { startCluster } from './cluster.js';

/** The least that a node accepts: test machines are shared. */
const maxData = ['--max-data', '1GiB'];

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kvnode-durable-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The processes end before the folder is removed. */
export async function startDurable(options: LocalClusterOptions = {}): Promise<LocalCluster> {
  const dataDir = options.dataDir ?? (await temporaryFolder());
  const cluster = await startCluster({ ...options, dataDir, extra: [...maxData, ...(options.extra ?? [])] });
  onTestFinished(() => cluster.kill());
  return cluster;
}

export async function killAll(cluster: LocalCluster): Promise<void> {
  await Promise.all(cluster.nodes.map((node) => node.kill()));
}

/** Starts ended nodes again, in this order. They need not be in sync afterwards. */
export async function restartAll(
  cluster: LocalCluster,
  nodes: readonly NodeProcess[] = cluster.nodes,
  changes: Partial<NodeProcessOptions> = {},
): Promise<NodeProcess[]> {
  await cluster.disconnect();
  const again: NodeProcess[] = [];
  for (const node of nodes) again.push(await cluster.restart(node, changes));
  return again;
}

/** Starts a node that is expected to end by itself. @returns its exit code, and its log with what it wrote to stderr */
export async function refused(
  { zookeeper, root }: LocalCluster,
  extra: readonly string[],
  changes: Partial<NodeProcessOptions> = {},
): Promise<{ readonly code: number | null; readonly output: string }> {
  const node = NodeProcess.spawn({ zk: zookeeper.address, root, extra, ...changes });
  onTestFinished(() => node.kill());
  const { code } = await node.exited;
  return { code, output: node.log.tail() };
}

/** The ids of the replicas that the nodes report, in order. */
export async function replicaIds(cluster: LocalCluster): Promise<string[]> {
  return (await cluster.statuses()).flatMap(({ replicas }) => replicas.map(({ replicaId }) => replicaId)).sort();
}
