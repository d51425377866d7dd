/**
 * ZooKeeper restarts without its data, or with the data of another cluster: nodes keep their own knowledge (R13, R14).
 */
import { describe, expect, it } from 'vitest';
import { encodePlacement, type Placement } from '../placement/index.js';
import { born } from '../replication/protocol/shard-state.js';
import { candidateNamed, config, join, nodeNamed, type Participant, root } from './coordinator.fixture.js';
import type { ClusterConfig } from './coordinator.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { anyVersion } from './znode-client.js';
import { encode } from './znode-data.js';

const paths = { config: `${root}/config`, placement: `${root}/placement`, nodes: `${root}/nodes` };
const other: ClusterConfig = { ...config, clusterId: 'cluster-b' };
const placementOf = (version: number, nodeId = 'a'): Placement => ({ version, shards: [[nodeId]] });
const noWatch = { watch: false };

async function member(zookeeper: MemoryZookeeper, nodeId: string, sessionMs?: number): Promise<Participant> {
  const participant = join(zookeeper, sessionMs);
  await participant.coordinator.agreeOnConfig(config);
  await participant.coordinator.registerNode(nodeNamed(nodeId));
  await participant.coordinator.registerCandidate(0, candidateNamed(nodeId));
  await participant.reports.until(() => participant.reports.states.length > 0 && participant.reports.placements.length > 0);
  return participant;
}

function storedConfig(zookeeper: MemoryZookeeper): ClusterConfig | undefined {
  const znode = zookeeper.tree.get(paths.config);
  return znode && JSON.parse(znode.data.toString());
}

function lastPlacement({ reports }: Participant): Placement | undefined {
  return reports.placements.at(-1)?.placement;
}

describe('config that ZooKeeper has lost', () => {
  it('is written back with the same cluster id and marked as restored; readings of a missing state carry the mark', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, reports } = await member(zookeeper, 'a');
    expect(reports.restored).toEqual([false]);
    zookeeper.loseEverything();
    client.resume();
    await reports.until(() => reports.sessions.at(-1) === 'connected' && reports.states.length > 1);
    await reports.until(() => reports.replicas?.join() === 'a~1');
    expect(reports.restored.slice(1)).not.toContain(false);
    expect(storedConfig(zookeeper)).toEqual({ ...config, restored: true });
    expect(reports.fatal).toEqual([]);
    expect(reports.conflicts).toEqual([]);
  });

  it('is marked as restored at both nodes if two write it back at once', async () => {
    const zookeeper = new MemoryZookeeper();
    const members = [await member(zookeeper, 'a'), await member(zookeeper, 'b')];
    zookeeper.loseEverything();
    for (const { client } of members) client.resume();
    for (const { reports } of members)
      await reports.until(() => reports.restored.at(-1) === true && reports.nodeIds?.length === 2);
    expect(storedConfig(zookeeper)).toEqual({ ...config, restored: true });
    for (const { reports } of members) expect([reports.fatal, reports.conflicts]).toEqual([[], []]);
  });

  it('gives the mark to a node that joins later, although nodes do not compare the mark', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, reports } = await member(zookeeper, 'a');
    zookeeper.loseEverything();
    client.resume();
    await reports.until(() => reports.restored.at(-1) === true);
    const late = await member(zookeeper, 'late');
    expect(late.reports.restored).toEqual([true]);
  });

  it('is found missing before a missing state is reported, also within one session', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, reports } = await member(zookeeper, 'a');
    const { length } = reports.states;
    zookeeper.tree.deleteTree(`${root}/shards`);
    zookeeper.tree.delete(paths.config, anyVersion);
    coordinator.refreshState(0, false);
    await reports.until(() => reports.states.length > length);
    expect(reports.states[length]).toBeUndefined();
    expect(reports.restored[length]).toBe(true);
  });

  it('gets the mark again if ZooKeeper goes back to a time before the loss', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, reports } = await member(zookeeper, 'a');
    const backup = zookeeper.tree.get(paths.config)!.data;
    zookeeper.loseEverything();
    client.resume();
    await reports.until(() => reports.restored.at(-1) === true);
    const { length } = reports.restored;
    client.suspend();
    client.expire();
    zookeeper.tree.set(paths.config, backup, anyVersion);
    client.resume();
    await reports.until(() => reports.restored.length > length);
    expect(reports.restored.slice(length)).not.toContain(false);
    expect(storedConfig(zookeeper)?.restored).toBe(true);
  });

  it('lets a node create state only after the node read it as missing in the same session', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator, reports } = await member(zookeeper, 'a');
    zookeeper.loseEverything();
    // The listener receives the new session before `state` is read in it, so what the node knows is older than the
    // loss.
    const attempts: Promise<unknown>[] = [];
    const write = () => attempts.push(coordinator.writeState(0, undefined, born('a~1', 'h', 'one')));
    const record = reports.onSession.bind(reports);
    reports.onSession = (status) => {
      record(status);
      if (status === 'connected') write();
    };
    client.resume();
    await reports.until(() => reports.restored.at(-1) === true);
    expect(await attempts[0]).toEqual({ kind: 'notSent' });
    expect(await coordinator.writeState(0, undefined, born('a~1', 'h', 'one'))).toEqual({ kind: 'applied', version: 0 });
  });
});

describe('founding a cluster', () => {
  it('a new node waits, logs that once, and then founds a cluster if no other node has', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, reports } = join(zookeeper);
    const began = performance.now();
    expect(await coordinator.agreeOnConfig(config, 100)).toEqual(config);
    expect(performance.now() - began).toBeGreaterThanOrEqual(99);
    expect(storedConfig(zookeeper)).toEqual(config);
    const lines = reports.logged.filter((line) => line.includes('ZooKeeper holds no cluster here'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('kvctl init');
  });

  it('a new node that waits takes over the cluster that is written back meanwhile', async () => {
    const zookeeper = new MemoryZookeeper();
    const holder = await member(zookeeper, 'a');
    zookeeper.loseEverything();
    const newcomer = join(zookeeper);
    const agreeing = newcomer.coordinator.agreeOnConfig(other, 600_000);
    await newcomer.reports.until(() => newcomer.reports.logged.length > 0);
    holder.client.resume();
    expect(await agreeing).toEqual({ ...config, restored: true });
    expect(holder.reports.conflicts).toEqual([]);
  });

  it('an interrupted wait begins anew', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator, reports } = join(zookeeper);
    const agreeing = coordinator.agreeOnConfig(config, 300);
    await reports.until(() => reports.logged.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    client.suspend();
    const resumedMs = performance.now();
    client.resume();
    await agreeing;
    expect(performance.now() - resumedMs).toBeGreaterThanOrEqual(299);
  });

  it('a node that must not found a cluster waits until there is one', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, reports } = join(zookeeper);
    const agreeing = coordinator.agreeOnConfig(other, Number.POSITIVE_INFINITY);
    await reports.until(() => reports.logged.join().includes('with --join this node founds none'));
    await join(zookeeper).coordinator.agreeOnConfig(config);
    expect(await agreeing).toEqual(config);
  });

  it('a node that is closed while it waits gives up', async () => {
    const { coordinator, reports } = join(new MemoryZookeeper());
    const agreeing = coordinator.agreeOnConfig(config, Number.POSITIVE_INFINITY);
    await reports.until(() => reports.logged.length > 0);
    await Promise.all([expect(agreeing).rejects.toMatchObject({ code: 'CLOSED' }), coordinator.close()]);
  });
});

describe("another cluster in place of the node's own", () => {
  async function conflicted(zookeeper: MemoryZookeeper, stored: string, sessionMs?: number): Promise<Participant> {
    const participant = await member(zookeeper, 'a', sessionMs);
    const { client, reports } = participant;
    zookeeper.loseEverything();
    const founder = join(zookeeper).client;
    await founder.create(root, Buffer.alloc(0), 'persistent');
    await founder.create(paths.config, Buffer.from(stored), 'persistent');
    await founder.create(paths.placement, Buffer.from(encodePlacement(placementOf(9, 'b'))), 'persistent');
    client.resume();
    await reports.until(() => reports.conflicts.length > 0);
    return participant;
  }

  it('does not stop the node: it names both cluster ids, and reads and writes nothing below the root', async () => {
    const zookeeper = new MemoryZookeeper();
    const participant = await conflicted(zookeeper, JSON.stringify(other));
    const { coordinator, reports } = participant;
    const { message } = reports.conflicts[0]!;
    for (const words of ['cluster-a', 'cluster-b', root, 'keeps its data', 'delete']) expect(message).toContain(words);
    expect(coordinator.conflict?.message).toBe(message);
    expect(coordinator.session).toBe('suspended');
    const { length } = reports.states;
    coordinator.refreshState(0, false);
    coordinator.refreshPlacement();
    expect(await coordinator.writeState(0, undefined, born('a~1', 'h', 'one'))).toEqual({ kind: 'notSent' });
    expect(await coordinator.writePlacement(0, placementOf(10))).toEqual({ kind: 'notSent' });
    expect(zookeeper.tree.children(root)).toEqual(['config', 'placement']);
    expect(reports.states).toHaveLength(length);
    expect(lastPlacement(participant)).toBeUndefined();
    expect(reports.fatal).toEqual([]);
    expect(reports.logged.filter((line) => line.includes(message))).toHaveLength(1);
  });

  it.each([
    [
      'its own config is put back',
      (tree: MemoryZookeeper['tree']) => tree.set(paths.config, encode(config), anyVersion),
      undefined,
    ],
    ['the other cluster is deleted', (tree: MemoryZookeeper['tree']) => tree.deleteTree(root), true],
  ] as const)('the node continues once %s', async (_, mend, restored) => {
    const zookeeper = new MemoryZookeeper();
    const { reports } = await conflicted(zookeeper, JSON.stringify(other));
    mend(zookeeper.tree);
    await reports.until(() => reports.conflicts.length === 2 && reports.sessions.at(-1) === 'connected');
    expect(reports.conflicts[1]).toBeUndefined();
    await reports.until(() => reports.nodeIds?.join() === 'a' && reports.replicas?.join() === 'a~1');
    expect(storedConfig(zookeeper)).toEqual({ ...config, ...(restored && { restored }) });
  });

  it('the node reads config again from time to time, even without a hint', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator, reports } = await conflicted(zookeeper, JSON.stringify(other), 20);
    client.lag();
    zookeeper.tree.deleteTree(root);
    await reports.until(() => reports.conflicts.length === 2 && reports.conflicts[1] === undefined);
    await coordinator.close();
  });

  it.each([
    ['malformed', '{"shards":0}', 'is unreadable'],
    ['changed in a value', JSON.stringify({ ...config, graceMs: 900 }), 'graceMs is 900 there and 1250 here'],
  ])('a configuration that is %s does not stop the node either', async (_, stored, words) => {
    const { coordinator, reports } = await conflicted(new MemoryZookeeper(), stored);
    expect(reports.conflicts[0]?.message).toContain(words);
    expect(coordinator.session).toBe('suspended');
    expect(reports.fatal).toEqual([]);
  });

  it('within one session the node deletes its registrations, so that nothing is placed on it', async () => {
    const zookeeper = new MemoryZookeeper();
    const { reports } = await member(zookeeper, 'a');
    const observer = zookeeper.connect();
    zookeeper.tree.set(paths.config, encode(other), anyVersion);
    await reports.until(() => reports.conflicts.length === 1);
    while ((await observer.children(paths.nodes, noWatch))?.names.length !== 0) {}
    while ((await observer.children(`${root}/shards/0/election`, noWatch))?.names.length !== 0) {}
    zookeeper.tree.set(paths.config, encode(config), anyVersion);
    await reports.until(() => reports.conflicts.length === 2);
    await reports.until(() => reports.nodeIds?.join() === 'a' && reports.replicas?.join() === 'a~1');
  });
});

describe('placement that ZooKeeper has lost', () => {
  it('is written back by a node that knows it, and is never reported as missing', async () => {
    const zookeeper = new MemoryZookeeper();
    const a = await member(zookeeper, 'a');
    await a.coordinator.writePlacement(undefined, placementOf(7));
    await a.reports.until(() => a.reports.placements.length === 2);
    zookeeper.tree.delete(paths.placement, anyVersion);
    await a.reports.until(() => a.reports.placements.length === 3);
    expect(a.reports.placements.slice(1)).toEqual(Array(2).fill({ version: 0, placement: placementOf(7) }));
    expect(zookeeper.tree.get(paths.placement)?.data.toString()).toBe(encodePlacement(placementOf(7)));
  });

  it('is replaced by the newer of two versions that are written back, in either order', async () => {
    for (const first of [0, 1]) {
      const zookeeper = new MemoryZookeeper();
      const [a, b] = [await member(zookeeper, 'a'), await member(zookeeper, 'b')];
      await a.coordinator.writePlacement(undefined, placementOf(6));
      for (const { reports } of [a, b]) await reports.until(() => reports.placements.at(-1)?.placement.version === 6);
      b.client.suspend();
      await a.coordinator.writePlacement(0, placementOf(7));
      await a.reports.until(() => a.reports.placements.at(-1)?.placement.version === 7);
      zookeeper.loseEverything();
      for (const { client, reports } of first === 0 ? [a, b] : [b, a]) {
        const { length } = reports.placements;
        client.resume();
        await reports.until(() => reports.placements.length > length);
      }
      for (const participant of [a, b]) {
        await participant.reports.until(() => lastPlacement(participant)?.version === 7);
        const versions = participant.reports.placements.map((read) => read?.placement.version ?? 0);
        expect(versions).toEqual(versions.toSorted((one, other) => one - other));
      }
    }
  });

  it('replaces a placement that a new node has written meanwhile, and the next change is followed', async () => {
    const zookeeper = new MemoryZookeeper();
    const holder = await member(zookeeper, 'a');
    await holder.coordinator.writePlacement(undefined, placementOf(7));
    await holder.reports.until(() => holder.reports.placements.length === 2);
    zookeeper.loseEverything();
    const newcomer = await member(zookeeper, 'b');
    await newcomer.coordinator.writePlacement(undefined, placementOf(1, 'b'));
    holder.client.resume();
    for (const one of [holder, newcomer]) await one.reports.until(() => lastPlacement(one)?.version === 7);
    expect(await newcomer.coordinator.writePlacement(1, placementOf(8, 'b'))).toEqual({ kind: 'applied', version: 2 });
    await holder.reports.until(() => lastPlacement(holder)?.version === 8);
    expect(holder.reports.placements.map((read) => read?.placement.version)).toEqual([undefined, 7, 7, 8]);
  });

  it('is written back with a higher version over another placement of the same version', async () => {
    const zookeeper = new MemoryZookeeper();
    const holder = await member(zookeeper, 'a');
    await holder.coordinator.writePlacement(undefined, placementOf(7));
    await holder.reports.until(() => holder.reports.placements.length === 2);
    zookeeper.tree.set(paths.placement, Buffer.from(encodePlacement(placementOf(7, 'b'))), anyVersion);
    await holder.reports.until(() => holder.reports.placements.length === 3);
    expect(lastPlacement(holder)).toEqual(placementOf(8));
  });
});

describe('the version of the list of nodes', () => {
  it('never falls, is the same at every node, even a new one, and grows with each node that registers or leaves', async () => {
    const zookeeper = new MemoryZookeeper();
    const holders = [await member(zookeeper, 'a'), await member(zookeeper, 'b')];
    for (let round = 0; round < 3; round += 1) {
      const passing = await member(zookeeper, 'passing');
      await passing.coordinator.close();
    }
    for (const { reports } of holders) await reports.until(() => reports.nodeIds?.join() === 'a,b');
    const before = holders[0]!.reports.nodesVersions.at(-1)!;
    zookeeper.loseEverything();
    const newcomer = await member(zookeeper, 'new');
    for (const { client } of holders) client.resume();
    const all = [...holders, newcomer];
    for (const { reports } of all)
      await reports.until(() => reports.nodeIds?.length === 3 && reports.nodesVersions.at(-1)! > before);
    const last = await member(zookeeper, 'last');
    for (const { reports } of [...all, last]) {
      await reports.until(() => reports.nodeIds?.length === 4);
      await reports.until(() => reports.nodesVersions.at(-1) === last.reports.nodesVersions.at(-1));
      expect(reports.nodesVersions).toEqual(reports.nodesVersions.toSorted((one, other) => one - other));
    }
  });

  it('does not fall if its base is malformed: the base is replaced', async () => {
    const zookeeper = new MemoryZookeeper();
    const { reports } = await member(zookeeper, 'a');
    const joined = await member(zookeeper, 'b');
    await reports.until(() => reports.nodeIds?.length === 2);
    const before = reports.nodesVersions.at(-1)!;
    await joined.client.set(paths.nodes, encode({ versionBase: 40 }), anyVersion);
    await reports.until(() => reports.nodesVersions.at(-1)! >= 40);
    zookeeper.tree.set(paths.nodes, Buffer.from('nonsense'), anyVersion);
    await reports.until(() => reports.nodesVersions.at(-1)! > 40 + before);
    expect(reports.logged.join()).toContain('malformed znode ignored');
  });
});
