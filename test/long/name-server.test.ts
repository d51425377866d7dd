import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { BenchResult } from '../../bench/result.js';
import { endWithThisProcess } from '../../local/lifeline.js';
import type { LogRecord } from '../../local/log-records.js';
import { NodeProcess } from '../../local/node-process.js';
import { programPath, toolEnvironment } from '../../local/programs.js';
import { type LocalZookeeper, startZooKeeper } from '../../local/zookeeper.js';
import { NameServer } from '../cluster/support/name-server.js';

const silenceMs = 15_000;
/** A resolver waits 5 s for its first answer. A node or a call that waited with it would show a gap of that length. */
const longestGapMs = 2_500;
/** A few queries for each name and process. The ZooKeeper client on its own would send more in two seconds. */
const mostQueries = 400;

const nodeNames = ['node-1.kvnode.test', 'node-2.kvnode.test', 'node-3.kvnode.test'];

/** A cluster in which all addresses of ZooKeeper and the nodes are names. */
class NamedCluster implements AsyncDisposable {
  readonly nodes: NodeProcess[] = [];
  readonly #names: NameServer;
  readonly #zk: string;

  constructor(names: NameServer, zookeeper: LocalZookeeper) {
    this.#names = names;
    this.#zk = zookeeper.address.replace('127.0.0.1', 'zookeeper.kvnode.test');
  }

  async addNode(host: string): Promise<void> {
    const extra = ['--host', host, '--http-port', '0', '--shards', '1'];
    const { launcher } = this.#names;
    this.nodes.push(await NodeProcess.start({ zk: this.#zk, root: '/named', extra, launcher }));
  }

  /** Waits until all nodes are ready. */
  async ready(): Promise<void> {
    for (const { httpAddress } of this.nodes) {
      const url = `http://127.0.0.1:${httpAddress.split(':')[1]}/readyz`;
      while (!(await fetch(url)).ok) await pause(50);
    }
  }

  /** Resolves when every node has logged that its session is connected, or not, since this call. */
  async session(connected: boolean): Promise<void> {
    const isIt = (record: LogRecord): boolean => record.msg === 'ZooKeeper session' && record.connected === connected;
    await Promise.all(this.nodes.map(({ log }) => log.waitFor(isIt, { since: log.count })));
  }

  /** Starts kvbench as a service that finds the cluster by ZooKeeper's name. Resolves when it measures. */
  async startLoad(seconds: number): Promise<{ readonly result: Promise<BenchResult> }> {
    const words = ['--zk', this.#zk, '--root', '/named', '--threads', '1', '--duration', String(seconds), '--verify', '--json'];
    const [program, ...argv] = [...this.#names.launcher, process.execPath, programPath('kvbench'), ...words];
    const child = spawn(program!, argv, { stdio: ['ignore', 'pipe', 'pipe'], env: toolEnvironment(), detached: true });
    endWithThisProcess(child);
    const printed = text(child.stdout);
    const end = async (): Promise<BenchResult> => {
      const [code] = await once(child, 'exit');
      expect(code).toBe(0);
      return JSON.parse(await printed);
    };
    const result = end();
    // The result is awaited at the end of the test, or not at all if the test fails before.
    result.catch(() => {});
    // kvbench reports progress once it measures.
    await Promise.race([once(child.stderr, 'data'), result]);
    child.stderr.resume();
    return { result };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
  }
}

/** A ZooKeeper whose address comes from outside has no name in `.test`. */
const ownZookeeper = test.skipIf(process.env.KVNODE_ZK);

ownZookeeper(
  'a name server that is silent for fifteen seconds, ZooKeeper restarted meanwhile: no call fails or waits',
  async (context) => {
    const started = await NameServer.start();
    if (!(started instanceof NameServer)) return context.skip(`no name server of our own: ${started.impossible}`);
    await using names = started;
    await using zookeeper = await startZooKeeper();
    await using cluster = new NamedCluster(names, zookeeper);
    for (const host of nodeNames) await cluster.addNode(host);
    await cluster.ready();
    expect(cluster.nodes.map(({ address }) => address.split(':')[0])).toEqual(nodeNames);

    const { result } = await cluster.startLoad(silenceMs / 1_000 + 3);
    names.fallSilent();
    await pause(silenceMs / 2);
    // The sessions continue at the last known addresses.
    const lost = cluster.session(false);
    await zookeeper.stopServer();
    await lost;
    const back = cluster.session(true);
    await zookeeper.startServer();
    await back;

    const { reads, writes, outages, verification, primaryChanges } = await result;
    expect({ failed: reads.failed + writes.failed, primaryChanges }).toEqual({ failed: 0, primaryChanges: [] });
    expect(Math.max(0, ...outages.map(({ durationMs }) => durationMs))).toBeLessThan(longestGapMs);
    expect(verification?.passed).toBe(true);
    expect(names.queries).toBeLessThan(mostQueries);
  },
);
