/** What a reading may be believed of: servers that lag, watches that are lost with a connection, znodes of former sessions. */
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
  for (const { heard } of [a, b]) {
    await heard.until(() => heard.states.at(-1)?.version === 0 && heard.placements.at(-1)?.version === 0);
    await heard.until(() => heard.replicas?.join() === 'a~1,b~1');
  }
  return { zookeeper, a, b };
}

describe('of a server that lags', () => {
  it('a reading that was asked for shows what was written before', async () => {
    const { a, b } = await twoMembers();
    a.client.lag();
    a.heard.states.length = 0;
    await b.coordinator.writeState(0, 0, second);
    a.coordinator.refreshState(0, false);
    await a.heard.until(() => a.heard.states.length > 0);
    expect(a.heard.states[0]).toEqual({ version: 1, state: second });
  });

  it('nothing goes back in time with a new connection', async () => {
    const { a, b } = await twoMembers();
    a.client.suspend();
    await a.heard.until(() => a.heard.sessions.at(-1) === 'suspended');
    a.heard.states.length = 0;
    a.heard.placements.length = 0;
    a.client.resume();
    a.client.lag();
    await b.coordinator.writeState(0, 0, second);
    await b.coordinator.writePlacement(0, secondPlacement);
    await a.heard.until(() => a.heard.states.length > 0 && a.heard.placements.length > 0);
    expect([a.heard.states[0], a.heard.placements[0]]).toEqual([
      { version: 1, state: second },
      { version: 1, placement: secondPlacement },
    ]);
  });

  it('R3: that there is no state is not believed, also where nobody asked for a reading', async () => {
    const zookeeper = new MemoryZookeeper();
    const other = await member(zookeeper, 'b');
    const { client, coordinator, heard } = join(zookeeper);
    await coordinator.agreeOnConfig(config);
    const create = client.create.bind(client);
    // From the moment on at which the replica has been registered, before anything of the shard is read.
    client.create = async (...znode) => {
      const result = await create(...znode);
      if (!znode[0].startsWith(electionPath) || result.kind !== 'created') return result;
      client.lag();
      await other.coordinator.writeState(0, undefined, first);
      return result;
    };
    await coordinator.registerCandidate(0, candidateNamed('a'));
    await heard.until(() => heard.states.length > 0);
    expect(heard.states[0]).toEqual({ version: 0, state: first });
  });
});

describe('after a connection was lost, and the watches with it', () => {
  it('every shard is read again, however many there are', async () => {
    const shards = 20;
    const { client, coordinator, heard } = join(new MemoryZookeeper());
    await coordinator.agreeOnConfig({ ...config, shards });
    for (let shard = 0; shard < shards; shard++) await coordinator.registerCandidate(shard, candidateNamed('a'));
    await heard.until(() => heard.states.length >= shards);
    client.suspend();
    await heard.until(() => heard.sessions.at(-1) === 'suspended');
    heard.states.length = 0;
    heard.candidates.length = 0;
    client.resume();
    await heard.until(() => heard.states.length >= shards && heard.candidates.length >= shards);
    client.suspend();
    client.resume();
    await heard.until(() => heard.states.length >= 2 * shards && heard.candidates.length >= 2 * shards);
    await coordinator.close();
  });

  it('R12: a stop that was announced meanwhile is seen', async () => {
    const { a, b } = await twoMembers();
    a.client.suspend();
    await b.coordinator.announceStop(0);
    a.client.resume();
    const isStopping = () => a.heard.candidates.at(-1)?.find(({ nodeId }) => nodeId === 'b')?.stopping;
    await a.heard.until(() => isStopping() === true);
  });
});

it('R2: of two znodes of one replica the later one counts', async () => {
  const { zookeeper, a } = await twoMembers();
  const again = Buffer.from(JSON.stringify({ ...candidateNamed('a'), address: 'again.example:1' }));
  zookeeper.tree.create(`${electionPath}/a~1-n_`, again, 'another session', true);
  await a.heard.until(() => a.heard.replicas?.join() === 'b~1,a~1');
  expect(a.heard.candidates.at(-1)?.map(({ address }) => address)).toEqual(['b.example:9090', 'again.example:1']);
});

it('a state that cannot be understood is not reported, and the log tells which', async () => {
  const { zookeeper, a } = await twoMembers();
  a.heard.states.length = 0;
  zookeeper.tree.set(statePath, Buffer.from('{"epoch":0}'), anyVersion);
  await a.heard.until(() => a.heard.logged.some((line) => line.includes(statePath)));
  expect(a.heard.states).toEqual([]);
  zookeeper.tree.set(statePath, encodeState(second), anyVersion);
  await a.heard.until(() => a.heard.states.length > 0);
  expect(a.heard.states[0]).toEqual({ version: 2, state: second });
});
