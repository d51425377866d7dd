/**
 * `npm start`: runs a cluster on this machine until Ctrl-C, prints commands that can be pasted, and reports changes of
 * the ring.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError } from '../src/errors.js';
import { onInterrupt } from './interrupt.js';
import { LocalCluster } from './local-cluster.js';
import type { NodeProcess } from './node-process.js';
import { RingChanges } from './ring-changes.js';

const nodeCount = 3;
/** The default of kvnode, so that nodes started by hand need no --shards. */
const shards = 16;
/** The interval at which the topology is read. */
const pollMs = 500;

async function main(): Promise<number> {
  const interrupted = onInterrupt();
  printLine(`starting ZooKeeper and ${nodeCount} nodes`);
  const starting = LocalCluster.start({ nodes: nodeCount, shards });
  let exitCode = 0;
  try {
    const cluster = await starting;
    try {
      for (const node of cluster.nodes) reportEnd(node);
      const primary = await cluster.primary();
      printLine(instructions(cluster, primary));
      await printChanges(cluster, interrupted);
      printLine('stopping everything');
    } finally {
      await cluster.stop();
    }
  } catch (error) {
    process.stderr.write(`start: ${error instanceof Error ? error.message : String(error)}\n`);
    exitCode = 1;
  }
  return exitCode;
}

function instructions(cluster: LocalCluster, primary: NodeProcess): string {
  const nodes = cluster.addresses.join(',');
  const zk = `--zk ${cluster.zookeeper.address} --root ${cluster.root}`;
  const lines = cluster.nodes.map((node) => `  node ${node.id}, process ${node.pid}`);
  return `
ZooKeeper at ${cluster.zookeeper.address}, root ${cluster.root}
${lines.join('\n')}

Try, in another terminal, in this folder:

  npx kvctl --nodes ${nodes} put user:1 Alice
  npx kvctl --nodes ${nodes} get user:1
  npx kvctl --nodes ${nodes} locate user:1
  npx kvctl --nodes ${nodes} nodes
  npx kvbench ${zk} --threads 2 --duration 10 --keyspace 1000

Start one more node, which takes its share of the shards, and look at the ring again:

  npx kvnode --port 0 ${zk}
  npx kvctl ${zk} nodes

Kill a node: other nodes become primary of its shards in a second or two, and hold new copies of them after a minute.

  kill -9 ${primary.pid}
  npx kvctl ${zk} status

Ctrl-C stops everything that was started here. Changes of the ring:
`;
}

/** Prints changes of the nodes' shares until the signal. */
async function printChanges(cluster: LocalCluster, interrupted: AbortSignal): Promise<void> {
  const changes = new RingChanges();
  while (!interrupted.aborted) {
    try {
      for (const line of changes.linesOf(await cluster.topology())) printLine(line);
    } catch (error) {
      // While no node answers nothing is printed. The end of a node is printed by `reportEnd`.
      if (!(error instanceof KvError)) throw error;
    }
    await pause(pollMs, undefined, { signal: interrupted }).catch(() => {});
  }
}

function reportEnd(node: NodeProcess): void {
  void node.exited.then(({ code, signal }) => printLine(`node ${node.id} ended (${signal ?? `exit code ${code}`})`));
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exit(await main());
