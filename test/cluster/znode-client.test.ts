import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterAll, describe, expect, inject, it, vi } from 'vitest';
import { candidateNamed, config, nodeNamed, Recorder } from '../../src/coordination/coordinator.fixture.js';
import { connectCoordinator, discoverNodes } from '../../src/coordination/index.js';
import { type ConformanceClient, describeZnodeClient, EventLog } from '../../src/coordination/znode-client.conformance.js';
import type { ZnodeClient } from '../../src/coordination/znode-client.js';
import { ZookeeperClient } from '../../src/coordination/zookeeper/zookeeper-client.js';
import { supportedFormats } from '../../src/formats.js';
import { ScriptedLookUps } from '../../src/net/name-server.fixture.js';
import { born } from '../../src/replication/protocol/shard-state.js';

const sessionMs = 2_000;
const startupTimeoutMs = 30_000;
const waitOptions = { timeout: 30_000, interval: 10 };

/** A TCP link that can be cut, which breaks connections and refuses new ones until it is mended, or silenced. */
class Link {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;
  #silent = false;

  constructor(target: string) {
    const [host, port] = target.split(':');
    this.#server = createServer((near) => {
      if (this.#cut) {
        near.destroy();
        return;
      }
      const far = connect(Number(port), host);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.end();
        });
        if (!this.#silent) from.pipe(to);
      }
    });
  }

  /** Silences the link: open connections stay, new ones are accepted, and no bytes pass. */
  fallSilent(): void {
    this.#silent = true;
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  async open(host = '127.0.0.1', port = 0): Promise<string> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return `${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#cut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

const links: Link[] = [];

async function open(): Promise<ConformanceClient> {
  const link = new Link(inject('zk'));
  links.push(link);
  const client = await ZookeeperClient.connect({ servers: await link.open(), sessionMs, startupTimeoutMs });
  return {
    client,
    suspend: () => link.cut(),
    resume: () => link.mend(),
    expire: async () => {
      const gone = await untilGone(client);
      link.cut();
      await gone.done;
      link.mend();
    },
  };
}

/** `done` resolves when the server has ended the client's session, which a vanished ephemeral znode shows. */
async function untilGone(client: ZnodeClient): Promise<{ readonly done: Promise<void> }> {
  const created = await client.create('/session-of-', Buffer.alloc(0), 'ephemeralSequential');
  if (created.kind !== 'created') throw new Error(`unexpected: ${created.kind}`);
  const observer = await ZookeeperClient.connect({ servers: inject('zk'), sessionMs, startupTimeoutMs });
  const log = new EventLog(observer);
  await observer.stat(created.path, { watch: true });
  return { done: log.until(`changed ${created.path}`).then(() => observer.close()) };
}

afterAll(() => {
  for (const link of links) link.close();
});

const openPlain = () => ZookeeperClient.connect({ servers: inject('zk'), sessionMs, startupTimeoutMs });

describeZnodeClient('ZooKeeper', () => ({ open, openPlain }));

describe('zookeeper client, start-up', () => {
  it.each([
    ['a name that does not resolve', 'no-such-host.invalid:2181'],
    ['an address that cannot be reached', '255.255.255.255:2181'],
    ['a port without a listener', '127.0.0.1:1'],
  ])('gives up on %s at the deadline, naming it', async (_what, servers) => {
    const connecting = ZookeeperClient.connect({ servers, sessionMs, startupTimeoutMs: 2_500 });
    await expect(connecting).rejects.toMatchObject({
      code: 'COORDINATION_UNAVAILABLE',
      message: expect.stringContaining(`--zk ${servers}`),
    });
  });

  it('connects once the server appears, within the deadline', async () => {
    const link = new Link(inject('zk'));
    links.push(link);
    link.cut();
    const connecting = ZookeeperClient.connect({ servers: await link.open(), sessionMs, startupTimeoutMs });
    link.mend();
    const client = await connecting;
    expect(client.status).toBe('connected');
    await client.close();
  });
});

describe('zookeeper client, names', () => {
  it('follows a server whose name gets another address, in the same session', async () => {
    const [former, later] = [new Link(inject('zk')), new Link(inject('zk'))];
    links.push(former, later);
    const port = Number((await former.open()).split(':')[1]);
    const names = new ScriptedLookUps();
    const named = { servers: `zk.example:${port}`, resolver: names.resolver };
    const connecting = ZookeeperClient.connect({ ...named, sessionMs: 60_000, startupTimeoutMs });
    await vi.waitUntil(() => names.open.length > 0, waitOptions);
    await names.answer('zk.example', '127.0.0.1');
    const client = await connecting;
    const { sessionId } = client;

    await later.open('127.0.0.2', port);
    former.close();
    await vi.waitUntil(() => names.open.length > 0, waitOptions);
    await names.answer('zk.example', '127.0.0.2');
    await vi.waitUntil(() => client.status === 'connected', waitOptions);
    expect(client.sessionId).toBe(sessionId);
    expect(await client.stat('/', { watch: false })).toBeDefined();
    await client.close();
  });
});

describe('zookeeper client, close', () => {
  it('ends the session at once, long before it would expire', async () => {
    const servers = inject('zk');
    const client = await ZookeeperClient.connect({ servers, sessionMs: 60_000, startupTimeoutMs });
    const { done } = await untilGone(client);
    await client.close();
    await done;
  });

  it('does not block the event loop while the server is silent', async () => {
    const link = new Link(inject('zk'));
    links.push(link);
    const client = await ZookeeperClient.connect({ servers: await link.open(), sessionMs, startupTimeoutMs });
    link.fallSilent();
    let turns = 0;
    const timer = setInterval(() => turns++, 10);
    await client.close();
    clearInterval(timer);
    // `close` waits for the server's confirmation. The C client would block one turn for that.
    expect(turns).toBeGreaterThan(2);
    expect(client.status).toBe('closed');
  });
});

describe('coordinator over ZooKeeper', () => {
  const logger = pino({ level: 'silent' });
  const root = `/kvstore-${process.pid}-${Date.now()}`;

  async function join(nodeId: string, servers: string) {
    const reports = new Recorder();
    // At this point the chroot does not exist.
    const connect = `${servers}/apps`;
    const coordinator = await connectCoordinator(
      { connect, root, sessionMs, startupTimeoutMs, formats: supportedFormats, logger },
      reports,
    );
    await coordinator.agreeOnConfig({ ...config, clusterId: `cluster-of-${nodeId}` });
    await coordinator.registerNode(nodeNamed(nodeId));
    await coordinator.registerCandidate(0, candidateNamed(nodeId));
    return { coordinator, reports };
  }

  it('two nodes find each other, write state by compare-and-set, and survive an expiry', async () => {
    const link = new Link(inject('zk'));
    links.push(link);
    const a = await join('a', await link.open());
    const b = await join('b', inject('zk'));
    await b.reports.until(() => b.reports.replicas?.join() === 'a~1,b~1' && b.reports.nodeIds?.join() === 'a,b');
    expect(await discoverNodes(`${inject('zk')}/apps`, root, startupTimeoutMs)).toEqual(['a.example:9090', 'b.example:9090']);

    await a.reports.until(() => a.reports.readings.length > 0);
    expect(await a.coordinator.writeState(0, undefined, born('a~1', 'h', 'one'))).toEqual({ kind: 'applied', version: 0 });
    await b.reports.until(() => b.reports.states.at(-1)?.version === 0);
    expect(await b.coordinator.writeState(0, 7, born('b~1', 'other', 'two'))).toEqual({ kind: 'conflict' });

    link.cut();
    await b.reports.until(() => b.reports.replicas?.join() === 'b~1');
    expect(a.reports.sessions).toEqual(['suspended']);
    expect(await a.coordinator.writeState(0, 0, born('a~1', 'h', 'one'))).toEqual({ kind: 'notSent' });
    link.mend();
    await b.reports.until(() => b.reports.replicas?.join() === 'b~1,a~1' && b.reports.nodeIds?.join() === 'b,a');
    expect(a.reports.sessions).toEqual(['suspended', 'connected']);

    await b.coordinator.announceStop(0);
    await a.reports.until(() => a.reports.candidates.at(-1)?.[0]?.stopping === true);
    await b.coordinator.close();
    await a.reports.until(() => a.reports.replicas?.join() === 'a~1' && a.reports.nodeIds?.join() === 'a');
    await a.coordinator.close();
    expect([...a.reports.fatal, ...b.reports.fatal]).toEqual([]);
    expect(await discoverNodes(`${inject('zk')}/apps`, root, startupTimeoutMs)).toEqual([]);
  });
});
