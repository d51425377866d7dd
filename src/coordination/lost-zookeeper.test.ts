/** ZooKeeper comes back without its data, or with those of another cluster: nodes keep what they know (R13, R14). */
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
  await participant.heard.until(() => participant.heard.states.length > 0 && participant.heard.placements.length > 0);
  return participant;
}

function storedConfig(zookeeper: MemoryZookeeper): ClusterConfig | undefined {
  const znode = zookeeper.tree.get(paths.config);
  return znode && JSON.parse(znode.data.toString());
}

function lastPlacement({ heard }: Participant): Placement | undefined {
  return heard.placements.at(-1)?.placement;
}

describe('config that ZooKeeper has lost', () => {
  it('is written back with the same cluster id and marked as restored, and a missing state is reported with that', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, heard } = await member(zookeeper, 'a');
    expect(heard.restored).toEqual([false]);
    zookeeper.loseEverything();
    client.resume();
    await heard.until(() => heard.sessions.at(-1) === 'connected' && heard.states.length > 1);
    await heard.until(() => heard.replicas?.join() === 'a~1');
    expect(heard.restored.slice(1)).not.toContain(false);
    expect(storedConfig(zookeeper)).toEqual({ ...config, restored: true });
    expect(heard.fatal).toEqual([]);
    expect(heard.conflicts).toEqual([]);
  });

  it('two nodes that write it back at once agree, and know that it is restored', async () => {
    const zookeeper = new MemoryZookeeper();
    const members = [await member(zookeeper, 'a'), await member(zookeeper, 'b')];
    zookeeper.loseEverything();
    for (const { client } of members) client.resume();
    for (const { heard } of members) await heard.until(() => heard.restored.at(-1) === true && heard.nodeIds?.length === 2);
    expect(storedConfig(zookeeper)).toEqual({ ...config, restored: true });
    for (const { heard } of members) expect([heard.fatal, heard.conflicts]).toEqual([[], []]);
  });

  it('a node that joins later knows that the cluster is restored; nodes do not compare it', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, heard } = await member(zookeeper, 'a');
    zookeeper.loseEverything();
    client.resume();
    await heard.until(() => heard.restored.at(-1) === true);
    const late = await member(zookeeper, 'late');
    expect(late.heard.restored).toEqual([true]);
  });

  it('in the same session, too, it is found missing before a missing state is reported', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, heard } = await member(zookeeper, 'a');
    const { length } = heard.states;
    zookeeper.tree.deleteTree(`${root}/shards`);
    zookeeper.tree.delete(paths.config, anyVersion);
    coordinator.refreshState(0, false);
    await heard.until(() => heard.states.length > length);
    expect(heard.states[length]).toBeUndefined();
    expect(heard.restored[length]).toBe(true);
  });

  it('a ZooKeeper that went back to the time before the loss gets the mark again', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, heard } = await member(zookeeper, 'a');
    const backup = zookeeper.tree.get(paths.config)!.data;
    zookeeper.loseEverything();
    client.resume();
    await heard.until(() => heard.restored.at(-1) === true);
    const { length } = heard.restored;
    client.suspend();
    client.expire();
    zookeeper.tree.set(paths.config, backup, anyVersion);
    client.resume();
    await heard.until(() => heard.restored.length > length);
    expect(heard.restored.slice(length)).not.toContain(false);
    expect(storedConfig(zookeeper)?.restored).toBe(true);
  });

  it('state is created only where it was read as missing in the same session', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator, heard } = await member(zookeeper, 'a');
    zookeeper.loseEverything();
    // The listener is told of the new session before `state` was read in it: what it knows is older than the loss.
    const attempts: Promise<unknown>[] = [];
    const write = () => attempts.push(coordinator.writeState(0, undefined, born('a~1', 'h', 'one')));
    const told = heard.onSession.bind(heard);
    heard.onSession = (status) => {
      told(status);
      if (status === 'connected') write();
    };
    client.resume();
    await heard.until(() => heard.restored.at(-1) === true);
    expect(await attempts[0]).toEqual({ kind: 'notSent' });
    expect(await coordinator.writeState(0, undefined, born('a~1', 'h', 'one'))).toEqual({ kind: 'applied', version: 0 });
  });
});

describe('founding a cluster', () => {
  it('a new node waits, says so once, and founds one when nobody else has', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, heard } = join(zookeeper);
    const began = performance.now();
    expect(await coordinator.agreeOnConfig(config, 100)).toEqual(config);
    expect(performance.now() - began).toBeGreaterThanOrEqual(99);
    expect(storedConfig(zookeeper)).toEqual(config);
    const lines = heard.logged.filter((line) => line.includes('ZooKeeper holds no cluster here'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('kvctl init');
  });

  it('a new node that waits takes over the cluster that is written back meanwhile', async () => {
    const zookeeper = new MemoryZookeeper();
    const holder = await member(zookeeper, 'a');
    zookeeper.loseEverything();
    const newcomer = join(zookeeper);
    const agreeing = newcomer.coordinator.agreeOnConfig(other, 600_000);
    await newcomer.heard.until(() => newcomer.heard.logged.length > 0);
    holder.client.resume();
    expect(await agreeing).toEqual({ ...config, restored: true });
    expect(holder.heard.conflicts).toEqual([]);
  });

  it('a wait that was interrupted begins anew', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator, heard } = join(zookeeper);
    const agreeing = coordinator.agreeOnConfig(config, 300);
    await heard.until(() => heard.logged.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    client.suspend();
    const resumedMs = performance.now();
    client.resume();
    await agreeing;
    expect(performance.now() - resumedMs).toBeGreaterThanOrEqual(299);
  });

  it('one that never founds waits until there is a cluster', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, heard } = join(zookeeper);
    const agreeing = coordinator.agreeOnConfig(other, Number.POSITIVE_INFINITY);
    await heard.until(() => heard.logged.join().includes('--join founds none'));
    await join(zookeeper).coordinator.agreeOnConfig(config);
    expect(await agreeing).toEqual(config);
  });

  it('a node that is closed while it waits gives up', async () => {
    const { coordinator, heard } = join(new MemoryZookeeper());
    const agreeing = coordinator.agreeOnConfig(config, Number.POSITIVE_INFINITY);
    await heard.until(() => heard.logged.length > 0);
    await Promise.all([expect(agreeing).rejects.toMatchObject({ code: 'CLOSED' }), coordinator.close()]);
  });
});

describe('another cluster where its own was', () => {
  async function conflicted(zookeeper: MemoryZookeeper, stored: string, sessionMs?: number): Promise<Participant> {
    const participant = await member(zookeeper, 'a', sessionMs);
    const { client, heard } = participant;
    zookeeper.loseEverything();
    const founder = join(zookeeper).client;
    await founder.create(root, Buffer.alloc(0), 'persistent');
    await founder.create(paths.config, Buffer.from(stored), 'persistent');
    await founder.create(paths.placement, Buffer.from(encodePlacement(placementOf(9, 'b'))), 'persistent');
    client.resume();
    await heard.until(() => heard.conflicts.length > 0);
    return participant;
  }

  it('is no end: the node names both ids, and reads and writes nothing there', async () => {
    const zookeeper = new MemoryZookeeper();
    const participant = await conflicted(zookeeper, JSON.stringify(other));
    const { coordinator, heard } = participant;
    const { message } = heard.conflicts[0]!;
    for (const words of ['cluster-a', 'cluster-b', root, 'keeps its data', 'delete']) expect(message).toContain(words);
    expect(coordinator.conflict?.message).toBe(message);
    expect(coordinator.session).toBe('suspended');
    const { length } = heard.states;
    coordinator.refreshState(0, false);
    coordinator.refreshPlacement();
    expect(await coordinator.writeState(0, undefined, born('a~1', 'h', 'one'))).toEqual({ kind: 'notSent' });
    expect(await coordinator.writePlacement(0, placementOf(10))).toEqual({ kind: 'notSent' });
    expect(zookeeper.tree.children(root)).toEqual(['config', 'placement']);
    expect(heard.states).toHaveLength(length);
    expect(lastPlacement(participant)).toBeUndefined();
    expect(heard.fatal).toEqual([]);
    expect(heard.logged.filter((line) => line.includes(message))).toHaveLength(1);
  });

  it.each([
    ['its own is put back', (tree: MemoryZookeeper['tree']) => tree.set(paths.config, encode(config), anyVersion), undefined],
    ['the other one is deleted', (tree: MemoryZookeeper['tree']) => tree.deleteTree(root), true],
  ] as const)('when %s it goes on', async (_, mend, restored) => {
    const zookeeper = new MemoryZookeeper();
    const { heard } = await conflicted(zookeeper, JSON.stringify(other));
    mend(zookeeper.tree);
    await heard.until(() => heard.conflicts.length === 2 && heard.sessions.at(-1) === 'connected');
    expect(heard.conflicts[1]).toBeUndefined();
    await heard.until(() => heard.nodeIds?.join() === 'a' && heard.replicas?.join() === 'a~1');
    expect(storedConfig(zookeeper)).toEqual({ ...config, ...(restored && { restored }) });
  });

  it('also where no hint comes, it looks again from time to time', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator, heard } = await conflicted(zookeeper, JSON.stringify(other), 20);
    client.lag();
    zookeeper.tree.deleteTree(root);
    await heard.until(() => heard.conflicts.length === 2 && heard.conflicts[1] === undefined);
    await coordinator.close();
  });

  it.each([
    ['spoilt', '{"shards":0}', 'is spoilt'],
    ['changed in a value', JSON.stringify({ ...config, graceMs: 900 }), 'graceMs is 900 there and 1250 here'],
  ])('a configuration that is %s is no end either', async (_, stored, words) => {
    const { coordinator, heard } = await conflicted(new MemoryZookeeper(), stored);
    expect(heard.conflicts[0]?.message).toContain(words);
    expect(coordinator.session).toBe('suspended');
    expect(heard.fatal).toEqual([]);
  });

  it('in the same session: the node takes back its registrations, so that nothing is placed on it', async () => {
    const zookeeper = new MemoryZookeeper();
    const { heard } = await member(zookeeper, 'a');
    const observer = zookeeper.connect();
    zookeeper.tree.set(paths.config, encode(other), anyVersion);
    await heard.until(() => heard.conflicts.length === 1);
    while ((await observer.children(paths.nodes, noWatch))?.names.length !== 0) {}
    while ((await observer.children(`${root}/shards/0/election`, noWatch))?.names.length !== 0) {}
    zookeeper.tree.set(paths.config, encode(config), anyVersion);
    await heard.until(() => heard.conflicts.length === 2);
    await heard.until(() => heard.nodeIds?.join() === 'a' && heard.replicas?.join() === 'a~1');
  });
});

describe('placement that ZooKeeper has lost', () => {
  it('is written back by a node that knows it, and never told as missing', async () => {
    const zookeeper = new MemoryZookeeper();
    const a = await member(zookeeper, 'a');
    await a.coordinator.writePlacement(undefined, placementOf(7));
    await a.heard.until(() => a.heard.placements.length === 2);
    zookeeper.tree.delete(paths.placement, anyVersion);
    await a.heard.until(() => a.heard.placements.length === 3);
    expect(a.heard.placements.slice(1)).toEqual(Array(2).fill({ version: 0, placement: placementOf(7) }));
    expect(zookeeper.tree.get(paths.placement)?.data.toString()).toBe(encodePlacement(placementOf(7)));
  });

  it('of two versions that are written back the newer one stays, whichever comes first', async () => {
    for (const first of [0, 1]) {
      const zookeeper = new MemoryZookeeper();
      const [a, b] = [await member(zookeeper, 'a'), await member(zookeeper, 'b')];
      await a.coordinator.writePlacement(undefined, placementOf(6));
      for (const { heard } of [a, b]) await heard.until(() => heard.placements.at(-1)?.placement.version === 6);
      b.client.suspend();
      await a.coordinator.writePlacement(0, placementOf(7));
      await a.heard.until(() => a.heard.placements.at(-1)?.placement.version === 7);
      zookeeper.loseEverything();
      for (const { client, heard } of first === 0 ? [a, b] : [b, a]) {
        const { length } = heard.placements;
        client.resume();
        await heard.until(() => heard.placements.length > length);
      }
      for (const participant of [a, b]) {
        await participant.heard.until(() => lastPlacement(participant)?.version === 7);
        const versions = participant.heard.placements.map((read) => read?.placement.version ?? 0);
        expect(versions).toEqual(versions.toSorted((one, other) => one - other));
      }
    }
  });

  it('one that a node without knowledge has written meanwhile is replaced, and the next change is followed', async () => {
    const zookeeper = new MemoryZookeeper();
    const holder = await member(zookeeper, 'a');
    await holder.coordinator.writePlacement(undefined, placementOf(7));
    await holder.heard.until(() => holder.heard.placements.length === 2);
    zookeeper.loseEverything();
    const newcomer = await member(zookeeper, 'b');
    await newcomer.coordinator.writePlacement(undefined, placementOf(1, 'b'));
    holder.client.resume();
    for (const one of [holder, newcomer]) await one.heard.until(() => lastPlacement(one)?.version === 7);
    expect(await newcomer.coordinator.writePlacement(1, placementOf(8, 'b'))).toEqual({ kind: 'applied', version: 2 });
    await holder.heard.until(() => lastPlacement(holder)?.version === 8);
    expect(holder.heard.placements.map((read) => read?.placement.version)).toEqual([undefined, 7, 7, 8]);
  });

  it('another placement of the same version gives way to a higher version', async () => {
    const zookeeper = new MemoryZookeeper();
    const holder = await member(zookeeper, 'a');
    await holder.coordinator.writePlacement(undefined, placementOf(7));
    await holder.heard.until(() => holder.heard.placements.length === 2);
    zookeeper.tree.set(paths.placement, Buffer.from(encodePlacement(placementOf(7, 'b'))), anyVersion);
    await holder.heard.until(() => holder.heard.placements.length === 3);
    expect(lastPlacement(holder)).toEqual(placementOf(8));
  });
});

describe('the version of the list of nodes', () => {
  it('never falls, is the same at every node, also a new one, and grows with each that comes or goes', async () => {
    const zookeeper = new MemoryZookeeper();
    const holders = [await member(zookeeper, 'a'), await member(zookeeper, 'b')];
    for (let round = 0; round < 3; round += 1) {
      const passing = await member(zookeeper, 'passing');
      await passing.coordinator.close();
    }
    for (const { heard } of holders) await heard.until(() => heard.nodeIds?.join() === 'a,b');
    const before = holders[0]!.heard.nodesVersions.at(-1)!;
    zookeeper.loseEverything();
    const newcomer = await member(zookeeper, 'new');
    for (const { client } of holders) client.resume();
    const all = [...holders, newcomer];
    for (const { heard } of all) await heard.until(() => heard.nodeIds?.length === 3 && heard.nodesVersions.at(-1)! > before);
    const last = await member(zookeeper, 'last');
    for (const { heard } of [...all, last]) {
      await heard.until(() => heard.nodeIds?.length === 4);
      await heard.until(() => heard.nodesVersions.at(-1) === last.heard.nodesVersions.at(-1));
      expect(heard.nodesVersions).toEqual(heard.nodesVersions.toSorted((one, other) => one - other));
    }
  });

  it('a spoilt base is replaced as soon as the version would fall', async () => {
    const zookeeper = new MemoryZookeeper();
    const { heard } = await member(zookeeper, 'a');
    const joined = await member(zookeeper, 'b');
    await heard.until(() => heard.nodeIds?.length === 2);
    const before = heard.nodesVersions.at(-1)!;
    await joined.client.set(paths.nodes, encode({ versionBase: 40 }), anyVersion);
    await heard.until(() => heard.nodesVersions.at(-1)! >= 40);
    zookeeper.tree.set(paths.nodes, Buffer.from('nonsense'), anyVersion);
    await heard.until(() => heard.nodesVersions.at(-1)! > 40 + before);
    expect(heard.logged.join()).toContain('znode left out of account');
  });
});
