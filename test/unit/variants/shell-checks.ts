/** Checks of the shell, for unbroken and edited modules. Each check throws if it finds a violation. */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { supportedFormats } from '../../../src/formats.js';
import type { AnswerSink } from '../../../src/node/shards/shard-host.js';
import type { Answer, WriteEvent } from '../../../src/replication/index.js';
import type { Header } from '../../../src/wire/peer/replication-codec.js';

const election = '/kvstore/shards/0/election';

/** A check whose modules are imported already: their files may be gone when it runs. */
export type PreparedCheck = () => Promise<Check>;
type Check = () => Promise<void>;
type Coordination = typeof import('../../../src/coordination/memory/memory-zookeeper.fixture.js');
type Client = ReturnType<InstanceType<Coordination['MemoryZookeeper']>['connect']>;
type OwnZnode = InstanceType<typeof import('../../../src/coordination/own-znode.js')['OwnZnode']>;

interface ZnodeBench {
  readonly tree: InstanceType<Coordination['MemoryZookeeper']>['tree'];
  readonly clients: readonly [Client, Client];
  own(client: Client): OwnZnode;
}

export function refusesHeader(wrong: Partial<Header>): PreparedCheck {
  return async () => {
    const { ReplicationCodec } = await import('../../../src/wire/peer/replication-codec.js');
    const { peerClusterOf } = await import('../../../src/wire/peer/peer-cluster.fixture.js');
    const epoch = { history: 'h', epoch: 1, epochId: 'one' };
    const header: Header = { formatVersion: supportedFormats.newest, clusterId: 'c', shard: 0, ...epoch, from: 'a~1', to: 'b~1' };
    const codec = new ReplicationCodec(peerClusterOf('c'), 0);
    return async () => {
      expect(codec.reasonToRefuse(header)).toBeUndefined();
      expect(codec.reasonToRefuse({ ...header, ...wrong })).toBeDefined();
    };
  };
}

export function followsNewerFormat(): PreparedCheck {
  return async () => {
    const { ReplicationCodec } = await import('../../../src/wire/peer/replication-codec.js');
    const { peerClusterOf } = await import('../../../src/wire/peer/peer-cluster.fixture.js');
    const ends = { history: 'h', epoch: 1, epochId: 'one', from: 'a~1', to: 'b~1' };
    return async () => {
      const codec = new ReplicationCodec(peerClusterOf('c', { oldest: 5, newest: 6 }, 5), 0);
      expect(codec.header(ends).formatVersion).toBe(5);
      expect(codec.reasonToRefuse({ ...codec.header(ends), formatVersion: 6 })).toBeUndefined();
      expect(codec.header(ends).formatVersion).toBe(6);
    };
  };
}

export function ownZnodes(check: (bench: ZnodeBench) => Promise<void>): PreparedCheck {
  return async () => {
    const { MemoryZookeeper } = await import('../../../src/coordination/memory/memory-zookeeper.fixture.js');
    const { OwnZnode } = await import('../../../src/coordination/own-znode.js');
    const options = { parent: '/e', prefix: 'a~1-n_', data: () => Buffer.from('a'), madeHere: () => true };
    return () => {
      const zookeeper = new MemoryZookeeper();
      const clients = [zookeeper.connect(), zookeeper.connect()] as const;
      return check({ tree: zookeeper.tree, clients, own: (client) => new OwnZnode(client, options) });
    };
  };
}

/** The primary executes a request, and its answer is lost: the request is forwarded once, and its outcome is unknown. */
export async function forwardsOnce(): Promise<Check> {
  const { Server, ServerCredentials, status } = await import('@grpc/grpc-js');
  const { Forwarder } = await import('../../../src/node/operations/forwarder.js');
  const { forwardRequest } = await import('../../../src/node/operations/forward-request.js');
  const { keyValueServiceWithRawKeys: service } = await import('../../../src/wire/contract/server-contract.js');
  return async () => {
    let executed = 0;
    const server = new Server();
    const Put = (_: unknown, callback: (status: object) => void): void => {
      executed++;
      callback({ code: status.UNAVAILABLE, details: 'the answer is lost' });
    };
    server.addService(service, { Put: Put as never });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    const forwarder = new Forwarder('c');
    const elsewhere = { local: () => undefined, primaryElsewhere: () => `127.0.0.1:${port}` };
    const directory = { shardCount: 1, ...elsewhere, learnPrimary() {}, awaited: () => undefined };
    const request = { key: Buffer.from('k'), value: Buffer.from('v') };
    try {
      const failed = forwardRequest({ directory, forwarder }, 0, service.Put as never, request, 10_000);
      const failure = await failed.then(
        () => undefined,
        (error: { readonly executed: string }) => error.executed,
      );
      expect([executed, failure]).toEqual([1, 'unknown']);
    } finally {
      forwarder.close();
      server.forceShutdown();
    }
  };
}

/** A node sends a write again after an unknown outcome: that is no first attempt, and no refusal of it is definite. */
export async function remembersUnknownOutcomes(): Promise<Check> {
  const { KvError } = await import('../../../src/errors.js');
  const { RetriedRequest } = await import('../../../src/node/operations/retried-request.js');
  return async () => {
    const identity = { client: 'a client', number: 1, lowest: 1, history: 'h', seq: 0, isFirstAttempt: true };
    const request = new RetriedRequest(identity, false, () => {});
    expect(request.finalOf(new KvError('MEMORY_FULL', 'no')).executed).toBe('no');
    request.attemptFailed(new KvError('OUTCOME_UNKNOWN', 'lost'));
    expect(request.identity.isFirstAttempt).toBe(false);
    expect(request.finalOf(new KvError('MEMORY_FULL', 'no')).executed).toBe('unknown');
  };
}

export async function registersAgain(): Promise<Check> {
  const { MemoryZookeeper } = await import('../../../src/coordination/memory/memory-zookeeper.fixture.js');
  const { candidateNamed, join } = await import('../../../src/coordination/coordinator.fixture.js');
  return async () => {
    const zookeeper = new MemoryZookeeper();
    const { client, coordinator } = join(zookeeper, 20);
    const isRegistered = async () => {
      for (let round = 0; round < 50 && zookeeper.tree.children(election)?.length !== 1; round++) await pause(10);
      return zookeeper.tree.children(election)?.length === 1;
    };
    await coordinator.registerCandidate(0, candidateNamed('a'));
    zookeeper.tree.deleteTree(election);
    const afterLoss = await isRegistered();
    client.expire();
    const afterExpiry = await isRegistered();
    await coordinator.close();
    expect({ afterLoss, afterExpiry }).toEqual({ afterLoss: true, afterExpiry: true });
  };
}

/** Two writes of an absent key, each on the condition that it is absent, over a storage whose read takes a turn. */
export async function judgesOneWriteOfAKeyAtATime(): Promise<Check> {
  const { LocalOperation, LocalShard } = await import('../../../src/node/shards/local-shard.js');
  const { Stripes } = await import('../../../src/node/shards/stripes.js');
  return async () => {
    let version = 0;
    const host = {
      isPrimary: true,
      epoch: 1,
      isPrimaryIn: () => true,
      uncommittedVersion: () => undefined,
      storage: { head: () => nextTurn({ version }) },
      write({ ifVersion, storedVersion, token }: WriteEvent) {
        const matches = ifVersion === storedVersion;
        const refused: Answer = { kind: 'refused', refusal: 'VERSION_MISMATCH', currentVersion: version };
        (token as AnswerSink).answer(matches ? { kind: 'written', version: ++version } : refused);
      },
    };
    const shard = new LocalShard(host as unknown as ConstructorParameters<typeof LocalShard>[0], new Stripes(), {
      refusalOf: () => undefined,
    } as unknown as ConstructorParameters<typeof LocalShard>[2]);
    const put = () =>
      new Promise<number>((resolve, reject) => {
        class Put extends LocalOperation {
          override succeeded = resolve;
          override failed = reject;
        }
        shard.write({ key: 'k', value: new Uint8Array(), ifVersion: 0 }, new Put(), 0);
      });
    const outcomes = await Promise.allSettled([put(), put()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  };
}
