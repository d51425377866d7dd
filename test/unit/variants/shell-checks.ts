/** Checks of the shell, for unbroken and edited modules. Each check throws if it finds a violation. */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { AnswerSink } from '../../../src/node/shards/shard-host.js';
import type { Answer, WriteEvent } from '../../../src/replication/index.js';
import { formatVersion } from '../../../src/version.js';
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
    const epoch = { history: 'h', epoch: 1, epochId: 'one' };
    const header: Header = { formatVersion, clusterId: 'c', shard: 0, ...epoch, from: 'a~1', to: 'b~1' };
    const codec = new ReplicationCodec('c', 0);
    return async () => {
      expect(codec.reasonToRefuse(header)).toBeUndefined();
      expect(codec.reasonToRefuse({ ...header, ...wrong })).toBeDefined();
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
