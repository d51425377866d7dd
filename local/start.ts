/** `npm start`: a cluster on this machine until Ctrl-C, and commands to try that work when pasted. */
import { onInterrupt } from './interrupt.js';
import { LocalCluster } from './local-cluster.js';
import type { NodeProcess } from './node-process.js';

const nodeCount = 3;

async function main(): Promise<number> {
  const interrupted = onInterrupt();
  say(`starting ZooKeeper and ${nodeCount} nodes`);
  const starting = LocalCluster.start({ nodes: nodeCount });
  let exitCode = 0;
  try {
    const cluster = await starting;
    try {
      for (const node of cluster.nodes) reportRoles(node);
      const primary = await cluster.primary();
      say(instructions(cluster, primary));
      await new Promise<void>((resolve) => {
        if (interrupted.aborted) resolve();
        else interrupted.addEventListener('abort', () => resolve());
      });
      say('stopping everything');
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
  const lines = cluster.nodes.map((node) => `  node ${node.id}, process ${node.pid}${node === primary ? ', primary' : ''}`);
  return `
ZooKeeper at ${cluster.zookeeper.address}, root ${cluster.root}
${lines.join('\n')}

Try, in another terminal, in this folder:

  npx kvctl --nodes ${nodes} put user:1 Alice
  npx kvctl --nodes ${nodes} get user:1
  npx kvctl --nodes ${nodes} status
  npx kvbench ${zk} --threads 2 --duration 10 --keyspace 1000

Kill the primary, and ask again who is:

  kill -9 ${primary.pid}
  npx kvctl ${zk} status

Start one more node, which joins and catches up:

  npx kvnode --port 0 ${zk}

Ctrl-C stops everything.
`;
}

/** What happens to each node: changes of role, and its end. */
function reportRoles(node: NodeProcess): void {
  node.log.onRecord(({ msg, role, epoch }) => {
    if (msg === 'role changed') say(`node ${node.id} is ${role} in epoch ${epoch}`);
  });
  void node.exited.then(({ code, signal }) => say(`node ${node.id} ended (${signal ?? `exit code ${code}`})`));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exit(await main());
