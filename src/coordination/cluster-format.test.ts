/** The format of the cluster in `config`: which nodes join it, and how running nodes follow it. */
import { describe, expect, it } from 'vitest';
import type { FormatRange } from '../formats.js';
import { packageVersion } from '../version.js';
import { config, join, nodeNamed, type Participant, root } from './coordinator.fixture.js';
import type { ClusterConfig } from './coordinator.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { anyVersion } from './znode-client.js';
import { encode } from './znode-data.js';

const path = `${root}/config`;
const old: FormatRange = { oldest: 5, newest: 5 };
const both: FormatRange = { oldest: 5, newest: 6 };
const inFormat = (formatVersion: number, kvnodeVersion?: string): ClusterConfig => ({ ...config, formatVersion, kvnodeVersion });
const neverMs = 600_000;

async function founded(stored: ClusterConfig): Promise<MemoryZookeeper> {
  const zookeeper = new MemoryZookeeper();
  const client = zookeeper.connect();
  await client.create(root, Buffer.alloc(0), 'persistent');
  await client.create(path, encode(stored), 'persistent');
  return zookeeper;
}

function store(zookeeper: MemoryZookeeper, stored: object): void {
  zookeeper.tree.set(path, Buffer.from(JSON.stringify(stored)), anyVersion);
}

function storedIn(zookeeper: MemoryZookeeper): ClusterConfig | undefined {
  const znode = zookeeper.tree.get(path);
  return znode && JSON.parse(znode.data.toString());
}

async function member(zookeeper: MemoryZookeeper, nodeId: string, formats: FormatRange): Promise<Participant> {
  const participant = join(zookeeper, neverMs, formats);
  await participant.coordinator.agreeOnConfig(inFormat(formats.newest));
  await participant.coordinator.registerNode(nodeNamed(nodeId));
  return participant;
}

describe('a node that starts', () => {
  it('uses the format of the cluster if it supports it, also one older than its newest', async () => {
    const zookeeper = await founded(inFormat(5));
    const agreed = await join(zookeeper, neverMs, both).coordinator.agreeOnConfig(inFormat(6, '2.0.0'));
    expect(agreed).toEqual(inFormat(5));
    expect(storedIn(zookeeper)?.formatVersion).toBe(5);
  });

  it.each([
    ['that names a version of kvnode', '2.1.0', 'install kvnode 2.1.0, or a version of kvnode that supports format 6'],
    ['that names no version', undefined, 'install a version of kvnode that supports format 6'],
  ])('is refused as too old by a newer format %s, whatever the other fields are', async (_, kvnodeVersion, remedy) => {
    const zookeeper = await founded(inFormat(5));
    store(zookeeper, { formatVersion: 6, kvnodeVersion, clusterId: 'cluster-a', shardsOfTheNextFormat: [] });
    const joining = join(zookeeper, neverMs, old).coordinator.agreeOnConfig(inFormat(5));
    await expect(joining).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message:
        `the cluster at ${path} in ZooKeeper uses format 6, and this version of kvnode, ${packageVersion()}, supports format 5 ` +
        `and is too old for it: ${remedy}`,
    });
  });

  it('raises the format where its data is of a newer one than ZooKeeper shows', async () => {
    const zookeeper = await founded(inFormat(4, '1.0.0'));
    const known = { ...inFormat(6, '2.0.0'), restored: true };
    const { coordinator, reports } = join(zookeeper, neverMs, both);
    expect(await coordinator.agreeOnConfig(known)).toMatchObject({ formatVersion: 6, kvnodeVersion: '2.0.0' });
    expect(storedIn(zookeeper)).toEqual(inFormat(6, '2.0.0'));
    expect([reports.formats, reports.conflicts]).toEqual([[], []]);
  });

  it('is refused as too new by an older format, with the version to install', async () => {
    const zookeeper = await founded(inFormat(4, '1.3.0'));
    const joining = join(zookeeper, neverMs, both).coordinator.agreeOnConfig(inFormat(6));
    await expect(joining).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: expect.stringMatching(
        /uses format 4, .*supports formats 5 to 6 and is too new for it: install kvnode 1\.3\.0, or/,
      ),
    });
    expect(storedIn(zookeeper)?.formatVersion).toBe(4);
  });
});

describe('a running node', () => {
  it('follows a newer format that it supports, and reports it once', async () => {
    const zookeeper = await founded(inFormat(5));
    const { reports, coordinator } = await member(zookeeper, 'a', both);
    expect(reports.formats).toEqual([]);
    store(zookeeper, inFormat(6, '2.0.0'));
    await reports.until(() => reports.formats.length > 0);
    store(zookeeper, inFormat(6, '2.0.1'));
    coordinator.refreshPlacement();
    expect([reports.formats, reports.conflicts]).toEqual([[6], []]);
    expect(coordinator.session).toBe('connected');
  });

  it('serves nothing, and keeps its process, while the format is newer than it supports', async () => {
    const zookeeper = await founded(inFormat(5));
    const { reports, coordinator } = await member(zookeeper, 'a', old);
    store(zookeeper, { formatVersion: 6, kvnodeVersion: '2.0.0', clusterId: 'cluster-a' });
    await reports.until(() => reports.conflicts.length > 0);
    expect(reports.conflicts[0]?.message).toMatch(
      /too old for it: install kvnode 2\.0\.0, .*; until then this node keeps its data and serves nothing$/,
    );
    expect([reports.fatal, reports.formats, coordinator.session]).toEqual([[], [], 'suspended']);
    store(zookeeper, inFormat(5));
    await reports.until(() => reports.sessions.at(-1) === 'connected');
    expect(reports.conflicts.slice(1)).toEqual([undefined]);
  });

  it.each([
    ['one that it supports', 5],
    ['one that it does not support any more', 4],
  ])('raises the format again where ZooKeeper went back to %s', async (_, older) => {
    const zookeeper = await founded(inFormat(6, '2.0.0'));
    const { reports } = await member(zookeeper, 'a', both);
    const behind = await member(zookeeper, 'b', both);
    store(zookeeper, inFormat(older, '1.0.0'));
    await zookeeperHas(zookeeper, 6);
    expect(storedIn(zookeeper)).toMatchObject({ formatVersion: 6, kvnodeVersion: '2.0.0' });
    for (const { formats, conflicts } of [reports, behind.reports]) expect([formats, conflicts]).toEqual([[], []]);
  });

  it('raises the format if another node has written back an older one after a loss of data', async () => {
    const zookeeper = await founded(inFormat(5));
    const [late, informed] = [await member(zookeeper, 'a', both), await member(zookeeper, 'b', both)];
    late.client.suspend();
    store(zookeeper, inFormat(6, '2.0.0'));
    await informed.reports.until(() => informed.reports.formats.length > 0);
    zookeeper.loseEverything();
    late.client.resume();
    await zookeeperHas(zookeeper, 5);
    expect(storedIn(zookeeper)).toMatchObject({ formatVersion: 5, restored: true });
    informed.client.resume();
    await late.reports.until(() => late.reports.formats.length > 0);
    expect(storedIn(zookeeper)).toMatchObject({ formatVersion: 6, kvnodeVersion: '2.0.0', restored: true });
    expect([late.reports.formats, informed.reports.formats]).toEqual([[6], [6]]);
    expect([...late.reports.conflicts, ...informed.reports.conflicts]).toEqual([]);
  });
});

/** Waits until the format in ZooKeeper is this one. */
async function zookeeperHas(zookeeper: MemoryZookeeper, formatVersion: number): Promise<void> {
  while (storedIn(zookeeper)?.formatVersion !== formatVersion) await new Promise((resolve) => setImmediate(resolve));
}
