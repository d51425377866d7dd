import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { foundCluster } from '../../local/found-cluster.js';
import { NodeProcess, type NodeProcessOptions } from '../../local/node-process.js';
import { toolEnvironment } from '../../local/programs.js';
import { KvClient } from '../../src/index.js';
import { startCluster } from './support/cluster.js';

const zk = inject('zk');

function freshRoot(): string {
  return `/kvnode-${randomBytes(6).toString('hex')}`;
}

/** Starts a node that is expected to end by itself. */
async function failing(options: NodeProcessOptions): Promise<{ readonly code: number | null; readonly output: string }> {
  const node = NodeProcess.spawn(options);
  onTestFinished(() => node.kill());
  const { code } = await node.exited;
  return { code, output: node.log.tail() };
}

async function started(options: NodeProcessOptions): Promise<NodeProcess> {
  const node = await NodeProcess.start(options);
  onTestFinished(() => node.kill());
  return node;
}

test('a node with the id of a running one is refused, and the running one keeps serving', async () => {
  await using cluster = await startCluster({ nodes: 1, extra: ['--id', 'x'] });
  await using client = await cluster.connect();
  await client.put('k', 'v');
  const second = await failing({ zk, root: cluster.root, extra: ['--id', 'x'] });
  expect(second.code).toBe(1);
  expect(second.output).toContain(`--id x: a node with this id is running at ${cluster.nodes[0]?.address}`);
  expect((await client.get('k'))?.value.toString()).toBe('v');
});

test('a node whose packages are behind a symbolic link starts, with a pipe as its standard output', async () => {
  const repository = join(import.meta.dirname, '../..');
  const copy = mkdtempSync(join(tmpdir(), 'kvnode-linked-'));
  onTestFinished(() => rmSync(copy, { recursive: true }));
  for (const part of ['package.json', 'proto', 'dist/src']) cpSync(join(repository, part), join(copy, part), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  const words = [join(copy, 'dist/src/cli/kvnode.js'), '--zk', zk, '--root', freshRoot(), '--port', '0', '--session-ms', '1000'];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'], env: toolEnvironment() });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for await (const part of child.stdout) {
    output += part;
    if (output.includes('listening')) break;
  }
  expect(output).toContain('listening');
});

test('a start that fails because its port is taken leaves no configuration behind', async () => {
  const root = freshRoot();
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const refused = await failing({ zk, root, port, extra: ['--min-in-sync', '3'] });
  expect(refused).toMatchObject({ code: 1, output: expect.stringContaining(`--port ${port}: the port is taken`) });
  // A node that finds no cluster logs that it waits, and then founds one with its own values.
  const founder = await started({ zk, root, extra: ['--session-ms', '1000'] });
  expect(founder.log.find(({ msg }) => msg.startsWith('ZooKeeper holds no cluster here'))).toHaveLength(1);
});

test('a node with --join waits for a cluster that is founded later, and SIGTERM ends the wait', async () => {
  const root = freshRoot();
  const joining = [0, 1].map(() => NodeProcess.spawn({ zk, root, extra: ['--join', '--session-ms', '1000', '--shards', '4'] }));
  for (const node of joining) onTestFinished(() => node.kill());
  await Promise.all(joining.map(({ log }) => log.waitFor(({ msg }) => msg.includes('with --join this node founds none'))));
  expect(await joining[1]!.stop()).toEqual({ code: 0, signal: null });
  await foundCluster(zk, root, ['--shards', '4']);
  await joining[0]!.listening();
});

test('a node whose values differ from the cluster is refused, with each option and both values', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const refused = await failing({ zk, root: cluster.root, extra: ['--min-in-sync', '2', '--lease-ms', '900'] });
  expect(refused.code).toBe(1);
  for (const words of ['minInSync', '1', '2', 'leaseMs', '1000', '900']) expect(refused.output).toContain(words);
});

test('an unreachable ZooKeeper ends the start with an error that names its address', async () => {
  const refused = await failing({ zk: '127.0.0.1:1', root: freshRoot() });
  expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('--zk 127.0.0.1:1') });
});

test('a node without free file descriptors logs that once, keeps serving, and logs the end of it', async () => {
  await using cluster = await startCluster({ nodes: 1, extra: ['--http-port', '0'] });
  const [node] = cluster.nodes;
  // Over gRPC all its calls share connections, which exist before none can be accepted.
  await using client = await KvClient.connect({ nodes: cluster.addresses, transport: 'grpc' });
  await client.put('k', 'v');
  await client.nodeStatus(node!.address);
  const openAtFirst = await sampleOf(node!, 'process_open_fds');
  const allowed = openAtFirst + 10;
  execFileSync('prlimit', ['--pid', String(node!.pid), `--nofile=${allowed}:${allowed}`]);
  const port = Number(node!.address.slice(node!.address.lastIndexOf(':') + 1));
  const crowd = Array.from({ length: 40 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  const leave = (): void => {
    for (const socket of crowd) socket.destroy();
  };
  onTestFinished(leave);
  await node!.log.waitFor(({ code }) => code === 'EMFILE');
  await client.put('k', 'v');
  expect((await client.nodeStatus(node!.address)).warnings).toContainEqual(expect.stringContaining('(EMFILE)'));
  leave();
  await node!.log.waitFor('file descriptors are left again');
  expect(node!.log.find(({ code }) => code === 'EMFILE')).toHaveLength(1);
  const status = await client.nodeStatus(node!.address);
  expect(status.warnings.filter((warning) => warning.includes('descriptor'))).toEqual([]);
  expect(status.openDescriptors).toBeLessThan(allowed);
});

async function sampleOf(node: NodeProcess, name: string): Promise<number> {
  const text = await (await fetch(`http://${node.httpAddress}/metrics`)).text();
  const value = Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  expect(value).toBeGreaterThan(0);
  return value;
}
