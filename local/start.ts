/**
 * `npm start`: runs a cluster on this machine until Ctrl-C, prints commands that can be pasted, and reports changes of
 * the ring. With `-- --data-dir DIR` its data is kept there: the next start with the same folder continues with it. `--state lmdb` puts the
 * data of every node into a database in that folder.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
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
/** `postgres` needs a database for each node: docs/postgres.md. */
const states: readonly string[] = ['memory', 'lmdb'];
const usage = `usage: npm start [-- --data-dir DIR [--state ${states.join('|')}]]
  --data-dir DIR  keep the data in this folder, and continue with what it has
  --state KIND    where every node has its data: in memory (default), or in a database in DIR; the same at each start`;

async function main(): Promise<number> {
  const options = readOptions();
  const { dataDir } = options;
  const interrupted = onInterrupt();
  const nodes = Math.max(nodeCount, dataDir === undefined ? 0 : foldersOfNodes(dataDir));
  printLine(`starting ZooKeeper and ${nodes} nodes`);
  const starting = LocalCluster.start({ nodes, shards, dataDir, extra: stateOptions(options) });
  let exitCode = 0;
  try {
    const cluster = await starting;
    try {
      for (const node of cluster.nodes) reportEnd(node);
      const primary = await cluster.primary();
      printLine(instructions(cluster, primary, options));
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

interface StartOptions {
  /** Undefined: the data ends with the processes. */
  readonly dataDir: string | undefined;
  /** Where each node has its data. Undefined: the default of kvnode. */
  readonly state: string | undefined;
}

/** Ends the process if the command line is wrong. */
function readOptions(): StartOptions {
  try {
    const { values } = parseArgs({
      options: { 'data-dir': { type: 'string' }, state: { type: 'string' }, help: { type: 'boolean' } },
    });
    const { 'data-dir': dataDir, state, help } = values;
    if (help === true) {
      printLine(usage);
      process.exit(0);
    }
    if (state !== undefined && !states.includes(state)) throw new Error(`--state must be ${states.join(' or ')}, not ${state}`);
    if (state === 'lmdb' && dataDir === undefined) throw new Error('--state lmdb needs --data-dir');
    return { dataDir, state };
  } catch (error) {
    process.stderr.write(`start: ${(error as Error).message}\n${usage}\n`);
    process.exit(2);
  }
}

function stateOptions({ state }: StartOptions): string[] {
  return state === undefined ? [] : ['--state', state];
}

/** Nodes that were started by hand hold data as well. */
function foldersOfNodes(dataDir: string): number {
  if (!existsSync(dataDir)) return 0;
  return readdirSync(dataDir).filter((name) => /^node-\d+$/.test(name)).length;
}

function instructions(cluster: LocalCluster, primary: NodeProcess, options: StartOptions): string {
  const { dataDir } = options;
  const nodes = cluster.addresses.join(',');
  const zk = `--zk ${cluster.zookeeper.address} --root ${cluster.root}`;
  const next = `node-${cluster.nodes.length + 1}`;
  const folder = dataDir === undefined ? [] : ['--id', next, '--data-dir', join(resolve(dataDir), next)];
  const data = [...folder, ...stateOptions(options)].map((word) => ` ${word}`).join('');
  const kept = dataDir === undefined ? 'ends with the processes' : `is kept in ${resolve(dataDir)}`;
  const lines = cluster.nodes.map((node) => `  node ${node.id}, process ${node.pid}`);
  return `
ZooKeeper at ${cluster.zookeeper.address}, root ${cluster.root}
${lines.join('\n')}
The data ${kept}.

Try, in another terminal, in this folder:

  npx kvctl --nodes ${nodes} put user:1 Alice
  npx kvctl --nodes ${nodes} get user:1
  npx kvctl --nodes ${nodes} locate user:1
  npx kvctl --nodes ${nodes} nodes
  npx kvbench ${zk} --threads 2 --duration 10 --keyspace 1000

Start one more node, which takes its share of the shards, and look at the ring again:

  npx kvnode --port 0 ${zk}${data}
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
