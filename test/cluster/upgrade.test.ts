/**
 * An upgrade to a newer format under load, with real processes: nodes of two versions live beside each other until it is
 * finished, and no call fails. The versions differ in the formats that they support. "Old" supports the one before the
 * present format alone, "new" supports both, and the real kvctl finishes the upgrade.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalCluster } from '../../local/local-cluster.js';
import { NodeProcess } from '../../local/node-process.js';
import { type FormatRange, supportedFormats } from '../../src/formats.js';
import type { KvClient } from '../../src/index.js';
import { startCluster } from './support/cluster.js';
import { ExactLoad } from './support/exact-load.js';
import { runKvctl } from './support/kvctl.js';

const after = supportedFormats.newest;
const before = after - 1;
const old: FormatRange = { oldest: before, newest: before };
const upgraded: FormatRange = { oldest: before, newest: after };
/** The version after the upgraded one, which has given up the format before. */
const next: FormatRange = { oldest: after, newest: after + 1 };
/** Answers that show that nodes replicate: each write needs two copies. */
const someAnswers = 50;

let cluster: LocalCluster;
let client: KvClient;
let load: ExactLoad;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3, shards: 4, extra: ['--min-in-sync', '2', '--http-port', '0'], formats: old });
  client = await cluster.connect();
  load = new ExactLoad(client, { name: 'upgrade', workers: 3 });
});

afterAll(async () => {
  await client?.close();
  await cluster?.kill();
});

const kvctl = (...words: string[]) => runKvctl([...words, '--zk', cluster.zookeeper.address, '--root', cluster.root]);

/** Replaces a node as an operator does: SIGUSR2, the other version on the same port, and wait. */
async function replace(index: number, formats: FormatRange): Promise<NodeProcess> {
  const node = cluster.nodes[index]!;
  node.signal('SIGUSR2');
  expect(await node.exited).toEqual({ code: 0, signal: null });
  const started = await cluster.restart(node, { formats });
  await cluster.waitForInSync(3);
  return started;
}

/** Starts a node that is expected to be refused. @returns what it wrote on stderr, and its exit code */
async function refusedStart(formats: FormatRange): Promise<{ readonly code: number | null; readonly text: string }> {
  const { zk, root, extra = [] } = cluster.nodes[0]!.options;
  const node = NodeProcess.spawn({ zk, root, extra, formats });
  const { code } = await node.exited;
  return { code, text: node.log.tail() };
}

async function expectLoadToContinue(): Promise<void> {
  await load.answers(someAnswers);
  expect(load.findings).toEqual([]);
}

test('nodes of the next version join node by node, and use the format of the others', async () => {
  await expectLoadToContinue();
  for (const index of [0, 1]) {
    const node = await replace(index, upgraded);
    expect(await node.log.waitFor('listening')).toMatchObject({ format: before });
    await expectLoadToContinue();
  }
});

test('the upgrade is not finished while a node does not support the newer format; kvctl names it', async () => {
  const behind = cluster.nodes[2]!.id;
  const shown = await kvctl('upgrade', '--json');
  const { nodes, ...facts } = JSON.parse(shown.stdout);
  expect(facts).toMatchObject({ finished: false, inUse: before, newest: after, behind: [{ nodeId: behind, formats: old }] });
  const formats = Object.fromEntries(nodes.map((node: { nodeId: string; formats: FormatRange }) => [node.nodeId, node.formats]));
  const [one, two] = cluster.nodes.map(({ id }) => id);
  expect(formats).toEqual({ [one!]: upgraded, [two!]: upgraded, [behind]: old });
  const refused = await kvctl('upgrade', '--finish');
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toContain(`format ${after} is not supported by every node yet: ${behind} (kvnode`);
  expect(refused.stderr).toContain('NOT_UPGRADED');
  const misdirected = await runKvctl(['upgrade', '--nodes', cluster.addresses.join(',')]);
  expect([misdirected.code, misdirected.stderr.includes('pass --zk, not --nodes')]).toEqual([2, true]);
  expect((await kvctl('status')).stdout).toContain(
    `upgrade from format ${before} to ${after} not finished, 2 of 3 nodes support it`,
  );
});

test('before the upgrade is finished a node can go back to the version before', async () => {
  await replace(0, old);
  await expectLoadToContinue();
  const { behind } = JSON.parse((await kvctl('upgrade', '--json')).stdout);
  const ids = [0, 2].map((index) => cluster.nodes[index]!.id);
  expect(behind.map(({ nodeId }: { nodeId: string }) => nodeId).sort()).toEqual(ids.sort());
  await replace(0, upgraded);
  await replace(2, upgraded);
  await expectLoadToContinue();
});

test('kvctl upgrade --finish has every running node use the newer format, while calls go on', async () => {
  const shown = await kvctl('upgrade');
  expect(shown.stdout).toContain(`every node supports format ${after}: "kvctl upgrade --finish"`);
  const { code, stdout } = await kvctl('upgrade', '--finish');
  expect(code).toBe(0);
  expect(stdout).toContain(`uses format ${after} from now on (before: ${before})`);
  for (const { log } of cluster.nodes)
    expect(await log.waitFor('the cluster uses a newer format from now on')).toMatchObject({ format: after });
  await expectLoadToContinue();
  await cluster.waitForInSync(3);
  for (const status of await cluster.statuses())
    expect(status).toMatchObject({ formatInUse: after, oldestFormat: before, newestFormat: after, warnings: [] });
  const again = await kvctl('upgrade', '--finish');
  expect([again.code, again.stderr.includes('there is nothing to finish')]).toEqual([1, true]);
});

test('after that nodes of the version before are refused, with the version to install', async () => {
  const { code, text } = await refusedStart(old);
  expect(code).toBe(1);
  expect(text).toMatch(
    new RegExp(
      `uses format ${after}, and this version of kvnode, .* supports format ${before} and is too old for it: install kvnode`,
    ),
  );
  expect(text).toContain('UNSUPPORTED_FORMAT');
  expect((await cluster.topology()).nodes).toHaveLength(3);
});

test('nodes of the version after join, and one that is too new is refused', async () => {
  await replace(1, next);
  await expectLoadToContinue();
  const { code, text } = await refusedStart({ oldest: after + 1, newest: after + 1 });
  expect(code).toBe(1);
  expect(text).toMatch(/is too new for it: install kvnode/);
});

test('no call failed, no node refused another, and every counter has what was added to it', async () => {
  expect(await load.stop()).toBeGreaterThan(7 * someAnswers);
  expect(load.findings).toEqual([]);
  const refusals = cluster.nodes.flatMap(({ log }) => log.find(({ msg }) => msg.startsWith('a node refuses to replicate')));
  expect(refusals).toEqual([]);
});
