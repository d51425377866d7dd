/**
 * Readings stay correct with servers that lag, watches that are lost with a connection, and znodes of former sessions.
 */
import { describe, expect, it } from 'vitest';
import type { Placement } from '../placement/index.js';
import { born, type ShardState } from '../replication/protocol/shard-state.js';
import { candidateNamed, config, join, nodeNamed, root } from './coordinator.fixture.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { anyVersion } from './znode-client.js';
import { encodeState } from './znode-data.js';

const statePath = `${root}/shards/0/state`;
const electionPath = `${root}/shards/0/election`;
const first: ShardState = born('a~1', 'h', 'one');
const second: ShardState = { ...first, epoch: 2, lineage: [...first.lineage, { epoch: 2, id: 'two' }] };
const firstPlacement: Placement = { version: 1, shards: [['a']] };
const secondPlacement: Placement = { version: 2, shards: [['b']] };

async function member(zookeeper: MemoryZookeeper, nodeId: string) {
  const participant = join(zookeeper);
  await participant.coordinator.agreeOnConfig(config);
  await participant.coordinator.registerNode(nodeNamed(nodeId));
  await participant.coordinator.registerCandidate(0, candidateNamed(nodeId));
  return participant;
}

/** Two members; `state` is at its first version, and both have read it. */
async function twoMembers() {
  const zookeeper = new MemoryZookeeper();
  const [a, b] = [await member(zookeeper, 'a'), await member(zookeeper, 'b')];
  await a.coordinator.writeState(0, undefined, first);
  await a.coordinator.writePlacement(undefined, firstPlacement);
  for (const { reports } of [a, b]) {
    await reports.until(() => reports.states.at(-1)?.version === 0 && reports.placements.at(-1)?.version === 0);
    await reports.until(() => reports.replicas?.join() === 'a~1,b~1');
  }
  return { zookeeper, a, b };
}

describe('readings from a server that lags', () => {
  it('a requested reading shows every earlier write', async () => {
    const { a, b } = await twoMembers();
    a.client.lag();
    a.reports.states.length = 0;
    await b.coordinator.writeState(0, 0, second);
    a.coordinator.refreshState(0, false);
    await a.reports.until(() => a.reports.states.length > 0);
    expect(a.reports.states[0]).toEqual({ version: 1, state: second });
  });

  it('after a new connection no reading shows an older state than before', async () => {
    const { a, b } = await twoMembers();
    a.client.suspend();
    await a.reports.until(() => a.reports.sessions.at(-1) === 'suspended');
    a.reports.states.length = 0;
    a.reports.placements.length = 0;
    a.client.resume();
    a.client.lag();
    await b.coordinator.writeState(0, 0, second);
    await b.coordinator.writePlacement(0, secondPlacement);
    await a.reports.until(() => a.reports.states.length > 0 && a.reports.placements.length > 0);
    expect([a.reports.states[0], a.reports.placements[0]]).toEqual([
      { version: 1, state: second },
      { version: 1, placement: secondPlacement },
    ]);
  });

  it('R3: a missing state is read again after a sync, also in a reading that was not requested', async () => {
    const zookeeper = new MemoryZookeeper();
    const other = await member(zookeeper, 'b');
    const { client, coordinator, reports } = join(zookeeper);
    await coordinator.agreeOnConfig(config);
    const create = client.create.bind(client);
    // The server lags once the replica is registered, before any znode of the shard is read.
    client.create = async (...znode) => {
      const result = await create(...znode);
      if (!znode[0].startsWith(electionPath) || result.kind !== 'created') return result;
      client.lag();
      await other.coordinator.writeState(0, undefined, first);
      return result;
    };
    await coordinator.registerCandidate(0, candidateNamed('a'));
    await reports.until(() => reports.states.length > 0);
    expect(reports.states[0]).toEqual({ version: 0, state: first });
  });
});

describe('after a lost connection, whose watches are lost as well', () => {
  it('every shard is read again, however many there are', async () => {
    const shards = 20;
    const { client, coordinator, reports } = join(new MemoryZookeeper());
    await coordinator.agreeOnConfig({ ...config, shards });
    for (let shard = 0; shard < shards; shard++) await coordinator.registerCandidate(shard, candidateNamed('a'));
    await reports.until(() => reports.states.length >= shards);
    client.suspend();
    await reports.until(() => reports.sessions.at(-1) === 'suspended');
    reports.states.length = 0;
    reports.candidates.length = 0;
    client.resume();
    await reports.until(() => reports.states.length >= shards && reports.candidates.length >= shards);
    client.suspend();
    client.resume();
    await reports.until(() => reports.states.length >= 2 * shards && reports.candidates.length >= 2 * shards);
    await coordinator.close();
  });

  it('R12: a stop that was announced meanwhile is reported', async () => {
    const { a, b } = await twoMembers();
    a.client.suspend();
    await b.coordinator.announceStop(0);
    a.client.resume();
    const isStopping = () => a.reports.candidates.at(-1)?.find(({ nodeId }) => nodeId === 'b')?.stopping;
    await a.reports.until(() => isStopping() === true);
  });
});

it('R2: the later of two znodes of one replica counts', async () => {
  const { zookeeper, a } = await twoMembers();
  const again = Buffer.from(JSON.stringify({ ...candidateNamed('a'), address: 'again.example:1' }));
  zookeeper.tree.create(`${electionPath}/a~1-n_`, again, 'another session', true);
  await a.reports.until(() => a.reports.replicas?.join() === 'b~1,a~1');
  expect(a.reports.candidates.at(-1)?.map(({ address }) => address)).toEqual(['b.example:9090', 'again.example:1']);
});

it('a malformed state is not reported, and the log names it', async () => {
  const { zookeeper, a } = await twoMembers();
  a.reports.states.length = 0;
  zookeeper.tree.set(statePath, Buffer.from('{"epoch":0}'), anyVersion);
  await a.reports.until(() => a.reports.logged.some((line) => line.includes(statePath)));
  expect(a.reports.states).toEqual([]);
  zookeeper.tree.set(statePath, encodeState(second), anyVersion);
  await a.reports.until(() => a.reports.states.length > 0);
  expect(a.reports.states[0]).toEqual({ version: 2, state: second });
});
