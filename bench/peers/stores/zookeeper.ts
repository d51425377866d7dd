/** ZooKeeper itself as a store: an ensemble of three, a znode for each key. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../local/free-port.js';
import { findZookeeper } from '../../../local/zookeeper-installation.js';
import { askZookeeper, mainClass } from '../../../local/zookeeper-process.js';
import { anyVersion } from '../../../src/coordination/znode-client.js';
import { ZookeeperClient } from '../../../src/coordination/zookeeper/zookeeper-client.js';
import { ServerGroup } from './server-group.js';
import type { PeerStore, RunningStore, StoreClient } from './store.js';

const host = '127.0.0.1';
const servers = 3;
const sessionMs = 30_000;
const startupTimeoutMs = 10_000;
const javaOptions = ['-Xmx1g', '-Dzookeeper.forceSync=no'];

export const zookeeper: PeerStore = {
  title: 'ZooKeeper',
  note: 'ZooKeeper: an ensemble of three that does not wait for its disks (forceSync=no); a write is acknowledged by a majority. Reads come from the server that the client is connected to: they are not linearizable. Client: the package zookeeper, as kvnode uses it.',
  start,
  connect,
};

async function connect(addresses: readonly string[]): Promise<StoreClient> {
  const client = await ZookeeperClient.connect({ servers: addresses.join(','), sessionMs, startupTimeoutMs });
  return {
    put: async (key, value) => {
      const { kind } = await client.set(`/${key}`, value, anyVersion);
      if (kind !== 'set') throw new Error(`${key}: ${kind}`);
    },
    get: async (key) => (await client.get(`/${key}`, { watch: false }))?.data,
    create: async (key, value) => {
      const { kind } = await client.create(`/${key}`, value, 'persistent');
      // An earlier client with another size of values has created the znode.
      if (kind === 'exists') await client.set(`/${key}`, value, anyVersion);
      else if (kind === 'missing') throw new Error(`${key}: ${kind}`);
    },
    close: () => client.close(),
  };
}

interface Ports {
  readonly client: number;
  readonly quorum: number;
  readonly election: number;
}

async function start(): Promise<RunningStore> {
  const { java, classPath } = await findZookeeper();
  return ServerGroup.start('zookeeper', async (group) => {
    const ensemble: Ports[] = [];
    for (let server = 1; server <= servers; server += 1) {
      ensemble.push({ client: await freePort(), quorum: await freePort(), election: await freePort() });
    }
    for (const [index, ports] of ensemble.entries()) {
      await group.add(`server ${index + 1}`, async (folder) => {
        const configFile = join(folder, 'zoo.cfg');
        await writeFile(configFile, configuration(folder, ports, ensemble));
        await writeFile(join(folder, 'myid'), String(index + 1));
        return [java, ...javaOptions, '-cp', classPath, mainClass, configFile];
      });
    }
    await group.until('every server serves', async () => {
      const answers = await Promise.all(ensemble.map(({ client }) => askZookeeper(client, 'srvr')));
      return answers.every((answer) => /^Mode: /m.test(answer));
    });
    return ensemble.map(({ client }) => `${host}:${client}`);
  });
}

function configuration(folder: string, { client }: Ports, ensemble: readonly Ports[]): string {
  return [
    `dataDir=${folder}`,
    `clientPort=${client}`,
    `clientPortAddress=${host}`,
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    'maxClientCnxns=0',
    'admin.enableServer=false',
    '4lw.commands.whitelist=srvr',
    ...ensemble.map(({ quorum, election }, index) => `server.${index + 1}=${host}:${quorum}:${election}`),
    '',
  ].join('\n');
}
