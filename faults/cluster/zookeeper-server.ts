/**
 * ZooKeeper servers at places of the network: one alone, or an ensemble. Each can be frozen, or killed and started
 * again with its data, without it, or with an earlier copy. A server does not wait for its disk, since only a crash of
 * the machine would need that.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findZookeeper, type ZookeeperInstallation } from '../../local/zookeeper-installation.js';
import { backUpZookeeperData, removeZookeeperData, restoreZookeeperData } from '../../local/zookeeper-process.js';
import type { Network, Place } from '../network/network.js';
import { Child } from './child.js';

const readyTimeoutMs = 60_000;
const pollMs = 50;
const answerTimeoutMs = 1_000;
const clientPort = 2181;
const quorumPort = 2888;
const electionPort = 3888;
const mainClass = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
const javaOptions = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dzookeeper.forceSync=no'];

export class ZookeeperServer {
  readonly place: Place;
  readonly port: number;
  readonly #installation: ZookeeperInstallation;
  readonly #folder: string;
  #child: Child | undefined;

  constructor(installation: ZookeeperInstallation, place: Place, port: number, folder: string) {
    this.#installation = installation;
    this.place = place;
    this.port = port;
    this.#folder = folder;
  }

  get running(): boolean {
    return this.#child?.running === true;
  }

  /** Does not wait, since a server of an ensemble is ready only when a majority is. */
  start(): void {
    const { java, classPath } = this.#installation;
    const words = [...javaOptions, '-cp', classPath, mainClass, join(this.#folder, 'zoo.cfg')];
    this.#child = new Child({ place: this.place, command: java, words, logFile: `${this.#folder}.log` });
  }

  /** @throws Error if the server ends, or takes too long */
  async ready(): Promise<void> {
    const endMs = performance.now() + readyTimeoutMs;
    while (this.running && performance.now() < endMs) {
      if (/^Mode: /m.test(await this.#ask('srvr'))) return;
      await pause(pollMs);
    }
    throw new Error(`ZooKeeper at ${this.place.name} did not start; its log is ${this.#folder}.log`);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.signal(signal);
  }

  /** Kills the server, and keeps its data. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  /** Kills the server and deletes its data: started again it knows no znode and no session. */
  async loseData(): Promise<void> {
    await this.kill();
    await removeZookeeperData(this.#folder);
  }

  /** Copies the data, even of a running server. */
  backUp(): Promise<void> {
    return backUpZookeeperData(this.#folder);
  }

  /** Kills the server, and restores the last copy of its data. */
  async goBack(): Promise<void> {
    await this.kill();
    await restoreZookeeperData(this.#folder);
  }

  /** Sends a four-letter command. @returns the answer; '' if there is none */
  #ask(command: string): Promise<string> {
    return new Promise((resolve) => {
      let answer = '';
      const socket = connect({ port: this.port, host: this.place.address, timeout: answerTimeoutMs });
      socket.setEncoding('utf8');
      socket.on('connect', () => socket.write(command));
      socket.on('data', (text: string) => {
        answer += text;
      });
      socket.on('error', () => resolve(''));
      socket.on('timeout', () => socket.destroy());
      socket.on('close', () => resolve(answer));
    });
  }
}

/**
 * Starts `count` servers, an ensemble if more than one. @throws Error naming scripts/setup if there is no ZooKeeper.
 */
export async function startZookeepers(network: Network, folder: string, count: number): Promise<ZookeeperServer[]> {
  const installation = await findZookeeper();
  const members: { place: Place; client: number; quorum: number; election: number; folder: string }[] = [];
  for (let id = 1; id <= count; id += 1) {
    const place = await network.addPlace(`zk${id}`);
    const [client, quorum, election] = [
      await place.port(clientPort),
      await place.port(quorumPort),
      await place.port(electionPort),
    ];
    members.push({ place, client, quorum, election, folder: join(folder, place.name) });
  }
  const ensemble = members.map(
    ({ place, quorum, election }, index) => `server.${index + 1}=${place.address}:${quorum}:${election}`,
  );
  const servers: ZookeeperServer[] = [];
  for (const [index, { place, client, folder: data }] of members.entries()) {
    await mkdir(data);
    await writeFile(join(data, 'myid'), `${index + 1}\n`);
    await writeFile(join(data, 'zoo.cfg'), configuration(data, place, client, count > 1 ? ensemble : []));
    servers.push(new ZookeeperServer(installation, place, client, data));
  }
  for (const server of servers) server.start();
  for (const server of servers) await server.ready();
  return servers;
}

function configuration(folder: string, place: Place, port: number, ensemble: readonly string[]): string {
  return [
    `dataDir=${folder}`,
    `clientPort=${port}`,
    `clientPortAddress=${place.address}`,
    'tickTime=500',
    'initLimit=20',
    'syncLimit=10',
    'maxSessionTimeout=60000',
    'maxClientCnxns=0',
    'admin.enableServer=false',
    '4lw.commands.whitelist=*',
    ...ensemble,
    '',
  ].join('\n');
}
