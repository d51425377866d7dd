/** A node writes nothing in a new session until it has read that ZooKeeper still serves the same cluster (R14). */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { supportedFormats } from '../formats.js';
import { born, type ShardState } from '../replication/protocol/shard-state.js';
import { candidateNamed, config, type Participant, Recorder, root } from './coordinator.fixture.js';
import { MemoryZookeeper } from './memory/memory-zookeeper.fixture.js';
import { compareAndSet } from './state-writer.js';
import { parseState } from './znode-data.js';
import { ZookeeperCoordinator } from './zookeeper-coordinator.js';

const state: ShardState = born('a~1', 'h', 'one');
const logger = pino({ level: 'silent' });

/** A coordinator that receives no `onSuspended`: it must notice a new session by itself. */
async function withoutNotice(zookeeper: MemoryZookeeper): Promise<Participant> {
  const client = zookeeper.connect();
  const listen = client.listen.bind(client);
  client.listen = (listener) => listen({ ...listener, onSuspended: () => {} });
  const reports = new Recorder();
  const coordinator = new ZookeeperCoordinator(client, { root, sessionMs: 600_000, formats: supportedFormats, logger }, reports);
  await coordinator.agreeOnConfig(config);
  await coordinator.registerCandidate(0, candidateNamed('a'));
  await reports.until(() => reports.states.length > 0);
  await coordinator.writeState(0, undefined, state);
  return { client, coordinator, reports };
}

/** A coordinator in its second session, which has requested `config` and received no answer yet. */
async function unverified(zookeeper = new MemoryZookeeper()): Promise<Participant> {
  const participant = await withoutNotice(zookeeper);
  const { client } = participant;
  const former = client.sessionId;
  client.expire();
  client.mute(true);
  while (client.sessionId === former || client.status !== 'connected') await nextTurn();
  client.submitted.length = 0;
  return participant;
}

const writes = ({ client }: Participant) => client.submitted.filter((operation) => /^(create|set|delete) /.test(operation));

describe('in a session that is not verified yet', () => {
  it('state and placement are not written, and the outcome is notSent', async () => {
    const zookeeper = new MemoryZookeeper();
    const participant = await unverified(zookeeper);
    const { coordinator } = participant;
    expect(await coordinator.writeState(0, 0, { ...state, epoch: 2 })).toEqual({ kind: 'notSent' });
    expect(await coordinator.writePlacement(undefined, { version: 1, shards: [['a']] })).toEqual({ kind: 'notSent' });
    expect(writes(participant)).toEqual([]);
    expect(parseState(zookeeper.tree.get(`${root}/shards/0/state`)!.data)).toEqual(state);
  });

  it('no replica is registered, and no stop is published', async () => {
    const { client, coordinator } = await unverified();
    const attempts = Promise.allSettled([
      coordinator.registerCandidate(0, candidateNamed('a', '2')),
      coordinator.announceStop(0),
    ]);
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    // A registration begins with a sync of the election path: not even that is sent.
    expect(client.submitted.filter((operation) => operation.includes('/election'))).toEqual([]);
    await coordinator.close();
    const closed = { status: 'rejected', reason: { code: 'CLOSED' } };
    expect(await attempts).toMatchObject([closed, closed]);
  });

  it('registrations and writes happen once the session is verified', async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator, reports } = await withoutNotice(zookeeper);
    const former = client.sessionId;
    client.expire();
    await reports.until(() => reports.replicas?.join() === 'a~1' && client.sessionId !== former);
    while ((await coordinator.writeState(0, 0, { ...state, epoch: 2 })).kind === 'notSent') await nextTurn();
    expect(zookeeper.tree.get(`${root}/shards/0/state`)?.stat.version).toBe(1);
    await coordinator.close();
  });
});

it('a closing coordinator writes nothing any more', async () => {
  const zookeeper = new MemoryZookeeper();
  const participant = await withoutNotice(zookeeper);
  const { coordinator } = participant;
  const closed = coordinator.close();
  expect(await coordinator.writeState(0, 0, { ...state, epoch: 2 })).toEqual({ kind: 'notSent' });
  await closed;
  expect(zookeeper.tree.get(`${root}/shards/0/state`)?.stat.version).toBe(0);
});

it('R7: a compare-and-set that was not sent is distinguished from one that was not answered', async () => {
  const zookeeper = new MemoryZookeeper();
  const client = zookeeper.connect();
  const write = () => compareAndSet(client, '/state', 0, Buffer.from('2'), logger);
  await client.create('/state', Buffer.from('1'), 'persistent');
  client.suspend();
  expect(await write()).toEqual({ kind: 'notSent' });
  client.resume();
  client.loseNextAnswer('set', 'notApplied');
  expect(await write()).toEqual({ kind: 'unknown' });
  expect(await compareAndSet(client, '/state/none/here', undefined, Buffer.from('1'), logger)).toEqual({ kind: 'missing' });
  expect(await compareAndSet(client, '/state', undefined, Buffer.from('1'), logger)).toEqual({ kind: 'conflict' });
});
