import { describe, expect, it } from 'vitest';
import { candidateNamed, config, join, nodeNamed, root } from './coordinator.fixture.js';
import { addressesOf } from './discover-nodes.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { anyVersion } from './znode-client.js';
import { encode } from './znode-data.js';
import { inOrder, ZnodePaths } from './znode-paths.js';

const election = `${root}/shards/0/election`;

describe('candidates', () => {
  it('are reported in order of registration, with their data', async () => {
    const zookeeper = new MemoryZookeeper();
    const [b, a] = [join(zookeeper), join(zookeeper)];
    await b.coordinator.registerCandidate(0, candidateNamed('b'));
    await a.coordinator.registerCandidate(0, candidateNamed('a'));
    await b.reports.until(() => b.reports.replicas?.length === 2);
    expect(b.reports.candidates.at(-1)).toEqual([
      { ...candidateNamed('b'), order: 0 },
      { ...candidateNamed('a'), order: 1 },
    ]);
  });

  it.each(['applied', 'notApplied', 'appliedLate'] as const)('R2: after a lost answer (%s) there is one znode', async (fate) => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator } = join(zookeeper, 20);
    const observer = join(zookeeper);
    await observer.coordinator.registerCandidate(0, candidateNamed('o'));
    client.loseNextAnswer('create', fate);
    await coordinator.registerCandidate(0, candidateNamed('a'));
    await observer.reports.until(() => observer.reports.replicas?.join() === 'o~1,a~1');
    // The next check deletes a late duplicate.
    await observer.reports.until(() => zookeeper.tree.children(election)?.length === 2);
    await coordinator.close();
  });

  it('a new replica of a new shard registers with three requests: no search, both folders created at once', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator } = join(zookeeper);
    await coordinator.registerCandidate(0, candidateNamed('a'), true);
    const before = client.submitted.length;
    await coordinator.registerCandidate(1, { ...candidateNamed('a'), replicaId: 'a~2' }, true);
    const folder = `${root}/shards/1`;
    const all = client.submitted.slice(before).filter((request) => request.includes(folder));
    expect(all.slice(0, 3)).toEqual([`create ${folder}`, `create ${folder}/election`, `create ${folder}/election/a~2-n_`]);
    expect(zookeeper.tree.children(`${folder}/election`)).toEqual(['a~2-n_0000000000']);
  });

  it.each(['applied', 'notApplied', 'appliedLate'] as const)(
    'R2: after a lost answer (%s) the znode of a new replica is searched for, so that there is only one',
    async (fate) => {
      const zookeeper = new MemoryZookeeper();
      const { client, coordinator, reports } = join(zookeeper, 20);
      await coordinator.registerCandidate(0, candidateNamed('o'), true);
      await coordinator.withdrawCandidate(0);
      client.loseNextAnswer('create', fate);
      await coordinator.registerCandidate(0, candidateNamed('a'), true);
      const readings = reports.candidates.length;
      await reports.until(() => reports.candidates.length > readings + 4 && reports.replicas?.join() === 'a~1');
      expect(zookeeper.tree.children(election)).toHaveLength(1);
      await coordinator.close();
    },
  );

  it('folders that vanished after they were listed are created again', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator } = join(zookeeper);
    await coordinator.registerCandidate(0, candidateNamed('a'), true);
    await coordinator.withdrawCandidate(0);
    zookeeper.tree.deleteTree(root);
    await coordinator.registerCandidate(0, { ...candidateNamed('a'), replicaId: 'a~2' }, true);
    expect(zookeeper.tree.children(election)).toEqual(['a~2-n_0000000000']);
  });

  it('R2: the znode of an earlier session is deleted and created anew', async () => {
    const zookeeper = new MemoryZookeeper();
    const before = join(zookeeper);
    await before.coordinator.registerCandidate(0, candidateNamed('a'));
    const after = join(zookeeper);
    await after.coordinator.registerCandidate(0, candidateNamed('a'));
    const names = zookeeper.tree.children(election) ?? [];
    expect(names).toEqual(['a~1-n_0000000001']);
    expect(zookeeper.tree.get(`${election}/${names[0]}`)?.stat.ephemeralOwner).toBe(after.client.sessionId);
  });

  it('R2: a lost znode is created again, even without a hint', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, reports } = join(zookeeper, 20);
    await coordinator.registerNode(nodeNamed('a'));
    await coordinator.registerCandidate(0, candidateNamed('a'));
    zookeeper.tree.deleteTree(election);
    zookeeper.tree.deleteTree(`${root}/nodes`);
    await reports.until(() => reports.replicas?.length === 0);
    await reports.until(() => reports.replicas?.join() === 'a~1' && reports.nodeIds?.join() === 'a');
    await coordinator.close();
  });

  it('R12: an announced stop reaches the other nodes and outlasts the session', async () => {
    const zookeeper = new MemoryZookeeper();
    const [a, b] = [join(zookeeper), join(zookeeper)];
    await a.coordinator.registerCandidate(0, candidateNamed('a'));
    await b.coordinator.registerCandidate(0, candidateNamed('b'));
    await b.reports.until(() => b.reports.replicas?.length === 2);
    await a.coordinator.announceStop(0);
    const stopping = () => b.reports.candidates.at(-1)?.find((candidate) => candidate.nodeId === 'a')?.stopping;
    await b.reports.until(() => stopping() === true);
    a.client.expire();
    await b.reports.until(() => b.reports.replicas?.join() === 'b~1,a~1');
    expect(stopping()).toBe(true);
  });

  it('R3: the history that a candidate holds reaches the other nodes and outlasts the session', async () => {
    const zookeeper = new MemoryZookeeper();
    const [a, b] = [join(zookeeper), join(zookeeper)];
    await a.coordinator.registerCandidate(0, candidateNamed('a'));
    await b.coordinator.registerCandidate(0, candidateNamed('b'));
    await b.reports.until(() => b.reports.replicas?.length === 2);
    const history = () => b.reports.candidates.at(-1)?.find((candidate) => candidate.nodeId === 'a')?.history;
    expect(history()).toBeUndefined();
    a.coordinator.nameHistory(0, 'h');
    await b.reports.until(() => history() === 'h');
    a.client.expire();
    await b.reports.until(() => b.reports.replicas?.join() === 'b~1,a~1');
    expect(history()).toBe('h');
    await a.coordinator.announceStop(0);
    await b.reports.until(() => b.reports.candidates.at(-1)!.some(({ stopping }) => stopping));
    expect(history()).toBe('h');
    a.coordinator.nameHistory(0, undefined);
    await b.reports.until(() => history() === undefined);
    expect([...a.reports.fatal, ...b.reports.fatal]).toEqual([]);
  });

  it('R3: a candidate that already holds data is registered with its history', async () => {
    const zookeeper = new MemoryZookeeper();
    const [a, b] = [join(zookeeper), join(zookeeper)];
    await a.coordinator.registerCandidate(0, { ...candidateNamed('a'), history: 'h' });
    await b.coordinator.registerCandidate(0, candidateNamed('b'));
    await b.reports.until(() => b.reports.replicas?.length === 2);
    expect(b.reports.candidates.at(-1)?.map(({ history }) => history)).toEqual(['h', undefined]);
  });

  it('a replica that replaces another one on the same node has the only znode', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator } = join(zookeeper);
    await coordinator.registerCandidate(0, candidateNamed('a', '1'));
    await coordinator.registerCandidate(0, candidateNamed('a', '2'));
    expect(zookeeper.tree.children(election)).toEqual(['a~2-n_0000000001']);
  });

  it('a malformed znode is left out, and the log has its path and the reason', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator, reports } = join(zookeeper);
    await coordinator.registerCandidate(0, candidateNamed('a'));
    for (const [name, data] of [
      ['b~1-n_', 'no JSON'],
      ['c~1-n_', '{"replicaId":5}'],
      ['d~1-n_', JSON.stringify(candidateNamed('e'))],
    ] as const) {
      await client.create(`${election}/${name}`, Buffer.from(data), 'ephemeralSequential');
    }
    await client.create(`${election}/stray`, Buffer.alloc(0), 'persistent');
    await client.create(`${election}/f~1-n_`, encode(candidateNamed('f')), 'ephemeralSequential');
    await reports.until(() => reports.replicas?.join() === 'a~1,f~1');
    expect(reports.fatal).toEqual([]);
    for (const name of ['b~1-n_', 'c~1-n_', 'd~1-n_']) {
      const record = reports.logged.find((line) => line.includes(`${election}/${name}`));
      expect(record).toMatch(/is malformed: /);
    }
  });

  it('a node with an unusable address is left out, and the log has the address and the reason', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator, reports } = join(zookeeper);
    await coordinator.registerNode(nodeNamed('a'));
    const registrations = [
      { ...nodeNamed('b'), address: '::1:9090' },
      { ...nodeNamed('c'), address: 'c' },
      { ...nodeNamed('d'), httpAddress: 'd:0' },
      { ...nodeNamed('e'), address: '[::1]:9090', httpAddress: '[::1]:8080' },
    ];
    for (const registration of registrations)
      await client.create(`${root}/nodes/n_`, encode({ ...registration, instance: 'i' }), 'ephemeralSequential');
    await reports.until(() => reports.nodeIds?.join() === 'a,e');
    for (const address of ['::1:9090', '"c\\"', 'd:0'])
      expect(reports.logged.find((line) => line.includes(address))).toMatch(/is malformed: .* must be host:port/);
    await coordinator.close();
  });

  it('sequence numbers go on growing when the counter of ZooKeeper overflows', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client } = join(zookeeper);
    await client.create('/e', Buffer.alloc(0), 'persistent');
    zookeeper.tree.setNextSequence('/e', 2_147_483_647);
    const names: string[] = [];
    for (let created = 0; created < 2; created += 1) {
      await client.create('/e/r-n_', Buffer.alloc(0), 'ephemeralSequential');
    }
    zookeeper.tree.setNextSequence('/e', -1);
    await client.create('/e/r-n_', Buffer.alloc(0), 'ephemeralSequential');
    for (const { name } of inOrder((zookeeper.tree.children('/e') ?? []).toReversed())) names.push(name);
    expect(names).toEqual(['r-n_2147483647', 'r-n_-2147483648', 'r-n_-000000001']);
  });
});

describe('nodes', () => {
  it('a later registration under the same id stops the earlier node, and not the later one', async () => {
    const zookeeper = new MemoryZookeeper();
    const [earlier, later] = [join(zookeeper), join(zookeeper)];
    await earlier.coordinator.registerNode(nodeNamed('a'));
    await later.coordinator.registerNode({ nodeId: 'a', address: 'elsewhere:1' });
    await earlier.reports.until(() => earlier.reports.fatal.length > 0);
    expect(earlier.reports.fatal[0]).toMatchObject({
      code: 'CONFIG_MISMATCH',
      message: 'another node with id a has registered, at elsewhere:1',
    });
    await later.reports.until(() => later.reports.nodes.length > 0);
    expect(later.reports.nodes.at(-1)).toEqual([{ nodeId: 'a', address: 'elsewhere:1' }]);
    expect(later.reports.fatal).toEqual([]);
  });

  it('a node whose id another process took while its session ended stops, and leaves the other process registered', async () => {
    const zookeeper = new MemoryZookeeper();
    const [earlier, later] = [join(zookeeper), join(zookeeper)];
    await earlier.coordinator.registerNode(nodeNamed('a'));
    await earlier.reports.until(() => earlier.reports.nodes.length > 0);
    earlier.client.suspend();
    earlier.client.expire();
    await later.coordinator.registerNode({ nodeId: 'a', address: 'elsewhere:1' });
    await later.reports.until(() => later.reports.nodeIds?.join() === 'a');
    earlier.client.resume();
    await earlier.reports.until(() => earlier.reports.fatal.length > 0);
    expect(earlier.reports.fatal[0]).toMatchObject({ code: 'CONFIG_MISMATCH' });
    expect(zookeeper.tree.children(`${root}/nodes`)?.length).toBe(1);
    expect(later.reports.fatal).toEqual([]);
  });

  it.each(['applied', 'notApplied', 'appliedLate'] as const)(
    'after a lost answer (%s) the node has one znode and does not mistake it for a rival',
    async (fate) => {
      const zookeeper = new MemoryZookeeper();
      const { client, coordinator, reports } = join(zookeeper, 20);
      await client.create(root, Buffer.alloc(0), 'persistent');
      await client.create(`${root}/nodes`, Buffer.alloc(0), 'persistent');
      client.loseNextAnswer('create', fate);
      await coordinator.registerNode(nodeNamed('a'));
      const readings = reports.nodes.length;
      await reports.until(() => reports.nodes.length > readings + 4);
      expect(zookeeper.tree.children(`${root}/nodes`)?.length).toBe(1);
      expect(reports.fatal).toEqual([]);
      await coordinator.close();
    },
  );

  it('clients discover the addresses of the live nodes, and none if there is no cluster', async () => {
    const zookeeper = new MemoryZookeeper();
    const observer = zookeeper.connect();
    const paths = new ZnodePaths(root);
    expect(await addressesOf(observer, paths)).toEqual([]);
    for (const nodeId of ['b', 'a']) await join(zookeeper).coordinator.registerNode(nodeNamed(nodeId));
    expect(await addressesOf(observer, paths)).toEqual(['b.example:9090', 'a.example:9090']);
  });

  it('a registration waits until ZooKeeper is back', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator } = join(zookeeper);
    await coordinator.agreeOnConfig(config);
    client.suspend();
    const registering = coordinator.registerNode(nodeNamed('a'));
    client.resume();
    await registering;
    expect(zookeeper.tree.children(`${root}/nodes`)?.length).toBe(1);
    expect(await client.delete(`${root}/nodes`, anyVersion)).toEqual({ kind: 'notEmpty' });
  });
});
