import { describe, expect, it } from 'vitest';
import { candidateNamed, config, join, nodeNamed, root } from './coordinator.fixture.js';
import { addressesOf } from './discover-nodes.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { anyVersion } from './znode-client.js';
import { encode } from './znode-data.js';
import { inOrder, ZnodePaths } from './znode-paths.js';

const election = `${root}/shards/0/election`;

describe('candidates', () => {
  it('are reported in order of registration, with what they registered', async () => {
    const zookeeper = new MemoryZookeeper();
    const [b, a] = [join(zookeeper), join(zookeeper)];
    await b.coordinator.registerCandidate(0, candidateNamed('b'));
    await a.coordinator.registerCandidate(0, candidateNamed('a'));
    await b.heard.until(() => b.heard.replicas?.length === 2);
    expect(b.heard.candidates.at(-1)).toEqual([
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
    await observer.heard.until(() => observer.heard.replicas?.join() === 'o~1,a~1');
    // A late duplicate is found by the next check.
    await observer.heard.until(() => zookeeper.tree.children(election)?.length === 2);
    await coordinator.close();
  });

  it('a new replica of a new shard takes three requests to register: nothing is searched, and the folders are created together', async () => {
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
    'R2: a new replica is looked for once an answer was lost (%s), so that there is one znode',
    async (fate) => {
      const zookeeper = new MemoryZookeeper();
      const { client, coordinator, heard } = join(zookeeper, 20);
      await coordinator.registerCandidate(0, candidateNamed('o'), true);
      await coordinator.withdrawCandidate(0);
      client.loseNextAnswer('create', fate);
      await coordinator.registerCandidate(0, candidateNamed('a'), true);
      const readings = heard.candidates.length;
      await heard.until(() => heard.candidates.length > readings + 4 && heard.replicas?.join() === 'a~1');
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

  it('R2: one of an earlier session is deleted and created anew', async () => {
    const zookeeper = new MemoryZookeeper();
    const before = join(zookeeper);
    await before.coordinator.registerCandidate(0, candidateNamed('a'));
    const after = join(zookeeper);
    await after.coordinator.registerCandidate(0, candidateNamed('a'));
    const names = zookeeper.tree.children(election) ?? [];
    expect(names).toEqual(['a~1-n_0000000001']);
    expect(zookeeper.tree.get(`${election}/${names[0]}`)?.stat.ephemeralOwner).toBe(after.client.sessionId);
  });

  it('R2: one that was lost is created again, without a hint', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator, heard } = join(zookeeper, 20);
    await coordinator.registerNode(nodeNamed('a'));
    await coordinator.registerCandidate(0, candidateNamed('a'));
    zookeeper.tree.deleteTree(election);
    zookeeper.tree.deleteTree(`${root}/nodes`);
    await heard.until(() => heard.replicas?.length === 0);
    await heard.until(() => heard.replicas?.join() === 'a~1' && heard.nodeIds?.join() === 'a');
    await coordinator.close();
  });

  it('R12: an announced stop is seen by the others and outlasts the session', async () => {
    const zookeeper = new MemoryZookeeper();
    const [a, b] = [join(zookeeper), join(zookeeper)];
    await a.coordinator.registerCandidate(0, candidateNamed('a'));
    await b.coordinator.registerCandidate(0, candidateNamed('b'));
    await b.heard.until(() => b.heard.replicas?.length === 2);
    await a.coordinator.announceStop(0);
    const stopping = () => b.heard.candidates.at(-1)?.find((candidate) => candidate.nodeId === 'a')?.stopping;
    await b.heard.until(() => stopping() === true);
    a.client.expire();
    await b.heard.until(() => b.heard.replicas?.join() === 'b~1,a~1');
    expect(stopping()).toBe(true);
  });

  it('R3: the history that a candidate holds is seen by the others and outlasts the session', async () => {
    const zookeeper = new MemoryZookeeper();
    const [a, b] = [join(zookeeper), join(zookeeper)];
    await a.coordinator.registerCandidate(0, candidateNamed('a'));
    await b.coordinator.registerCandidate(0, candidateNamed('b'));
    await b.heard.until(() => b.heard.replicas?.length === 2);
    const history = () => b.heard.candidates.at(-1)?.find((candidate) => candidate.nodeId === 'a')?.history;
    expect(history()).toBeUndefined();
    a.coordinator.nameHistory(0, 'h');
    await b.heard.until(() => history() === 'h');
    a.client.expire();
    await b.heard.until(() => b.heard.replicas?.join() === 'b~1,a~1');
    expect(history()).toBe('h');
    await a.coordinator.announceStop(0);
    await b.heard.until(() => b.heard.candidates.at(-1)!.some(({ stopping }) => stopping));
    expect(history()).toBe('h');
    a.coordinator.nameHistory(0, undefined);
    await b.heard.until(() => history() === undefined);
    expect([...a.heard.fatal, ...b.heard.fatal]).toEqual([]);
  });

  it('R3: a candidate is registered with the history that it held before', async () => {
    const zookeeper = new MemoryZookeeper();
    const [a, b] = [join(zookeeper), join(zookeeper)];
    await a.coordinator.registerCandidate(0, { ...candidateNamed('a'), history: 'h' });
    await b.coordinator.registerCandidate(0, candidateNamed('b'));
    await b.heard.until(() => b.heard.replicas?.length === 2);
    expect(b.heard.candidates.at(-1)?.map(({ history }) => history)).toEqual(['h', undefined]);
  });

  it('a replica that takes the place of another on the same node has the only znode', async () => {
    const zookeeper = new MemoryZookeeper();
    const { coordinator } = join(zookeeper);
    await coordinator.registerCandidate(0, candidateNamed('a', '1'));
    await coordinator.registerCandidate(0, candidateNamed('a', '2'));
    expect(zookeeper.tree.children(election)).toEqual(['a~2-n_0000000001']);
  });

  it('a znode that cannot be understood is left out, and the log tells which and why', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator, heard } = join(zookeeper);
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
    await heard.until(() => heard.replicas?.join() === 'a~1,f~1');
    expect(heard.fatal).toEqual([]);
    for (const name of ['b~1-n_', 'c~1-n_', 'd~1-n_']) {
      const record = heard.logged.find((line) => line.includes(`${election}/${name}`));
      expect(record).toMatch(/is not understood: /);
    }
  });

  it('a node at an address that nobody can connect to is left out, and the log tells which and why', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator, heard } = join(zookeeper);
    await coordinator.registerNode(nodeNamed('a'));
    const registrations = [
      { ...nodeNamed('b'), address: '::1:9090' },
      { ...nodeNamed('c'), address: 'c' },
      { ...nodeNamed('d'), httpAddress: 'd:0' },
      { ...nodeNamed('e'), address: '[::1]:9090', httpAddress: '[::1]:8080' },
    ];
    for (const registration of registrations)
      await client.create(`${root}/nodes/n_`, encode({ ...registration, instance: 'i' }), 'ephemeralSequential');
    await heard.until(() => heard.nodeIds?.join() === 'a,e');
    for (const address of ['::1:9090', '"c\\"', 'd:0'])
      expect(heard.logged.find((line) => line.includes(address))).toMatch(/is not understood: .* must be host:port/);
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
  it('a later registration under the same id is fatal to the earlier node, and not the other way round', async () => {
    const zookeeper = new MemoryZookeeper();
    const [earlier, later] = [join(zookeeper), join(zookeeper)];
    await earlier.coordinator.registerNode(nodeNamed('a'));
    await later.coordinator.registerNode({ nodeId: 'a', address: 'elsewhere:1' });
    await earlier.heard.until(() => earlier.heard.fatal.length > 0);
    expect(earlier.heard.fatal[0]).toMatchObject({
      code: 'CONFIG_MISMATCH',
      message: 'another node with id a has registered, at elsewhere:1',
    });
    await later.heard.until(() => later.heard.nodes.length > 0);
    expect(later.heard.nodes.at(-1)).toEqual([{ nodeId: 'a', address: 'elsewhere:1' }]);
    expect(later.heard.fatal).toEqual([]);
  });

  it('whoever was replaced under its id while its session ended stops, and does not send its successor away', async () => {
    const zookeeper = new MemoryZookeeper();
    const [earlier, later] = [join(zookeeper), join(zookeeper)];
    await earlier.coordinator.registerNode(nodeNamed('a'));
    await earlier.heard.until(() => earlier.heard.nodes.length > 0);
    earlier.client.suspend();
    earlier.client.expire();
    await later.coordinator.registerNode({ nodeId: 'a', address: 'elsewhere:1' });
    await later.heard.until(() => later.heard.nodeIds?.join() === 'a');
    earlier.client.resume();
    await earlier.heard.until(() => earlier.heard.fatal.length > 0);
    expect(earlier.heard.fatal[0]).toMatchObject({ code: 'CONFIG_MISMATCH' });
    expect(zookeeper.tree.children(`${root}/nodes`)?.length).toBe(1);
    expect(later.heard.fatal).toEqual([]);
  });

  it.each(['applied', 'notApplied', 'appliedLate'] as const)(
    'after a lost answer (%s) there is one znode, no rival',
    async (fate) => {
      const zookeeper = new MemoryZookeeper();
      const { client, coordinator, heard } = join(zookeeper, 20);
      await client.create(root, Buffer.alloc(0), 'persistent');
      await client.create(`${root}/nodes`, Buffer.alloc(0), 'persistent');
      client.loseNextAnswer('create', fate);
      await coordinator.registerNode(nodeNamed('a'));
      const readings = heard.nodes.length;
      await heard.until(() => heard.nodes.length > readings + 4);
      expect(zookeeper.tree.children(`${root}/nodes`)?.length).toBe(1);
      expect(heard.fatal).toEqual([]);
      await coordinator.close();
    },
  );

  it('clients discover the addresses of live nodes, and none where there is no cluster', async () => {
    const zookeeper = new MemoryZookeeper();
    const observer = zookeeper.connect();
    const paths = new ZnodePaths(root);
    expect(await addressesOf(observer, paths)).toEqual([]);
    for (const nodeId of ['b', 'a']) await join(zookeeper).coordinator.registerNode(nodeNamed(nodeId));
    expect(await addressesOf(observer, paths)).toEqual(['b.example:9090', 'a.example:9090']);
  });

  it('registering waits for ZooKeeper to come back', async () => {
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
