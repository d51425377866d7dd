/** etcd with three members. Its log is on disk, since etcd cannot do without. */
import { Etcd3 } from 'etcd3';
import { freePort } from '../../../local/free-port.js';
import { ServerGroup } from './server-group.js';
import type { PeerStore, RunningStore, StoreClient } from './store.js';

const host = '127.0.0.1';
const memberNames = ['member-1', 'member-2', 'member-3'] as const;
/** The default of 2 GiB is too little for a million keys with their history. */
const quotaBytes = 8 * 1024 ** 3;
const answerTimeoutMs = 1_000;

export const etcd: PeerStore = {
  title: 'etcd',
  note: 'etcd: three members; every write is flushed to disk (fdatasync) by a majority before it is acknowledged, which Debian’s version cannot switch off, while Redis, ZooKeeper, and kvnode in memory are run without waiting for a disk. The data is in the folder for temporary files (TMPDIR). Reads are linearizable. Client etcd3, which spreads its calls over the members.',
  needs: { program: 'etcd', package: 'etcd-server' },
  start,
  connect,
};

async function connect(addresses: readonly string[]): Promise<StoreClient> {
  const client = new Etcd3({ hosts: addresses.map((address) => `http://${address}`) });
  return {
    put: async (key, value) => client.put(key).value(value),
    get: async (key) => (await client.get(key).buffer()) ?? undefined,
    close: async () => client.close(),
  };
}

interface Member {
  readonly name: string;
  readonly address: string;
  readonly peer: string;
}

function start(): Promise<RunningStore> {
  return ServerGroup.start('etcd', async (group) => {
    const members: Member[] = [];
    for (const name of memberNames) {
      members.push({ name, address: `${host}:${await freePort()}`, peer: `http://${host}:${await freePort()}` });
    }
    const cluster = members.map(({ name, peer }) => `${name}=${peer}`).join(',');
    for (const member of members) await group.add(member.name, (folder) => command(member, cluster, folder));
    await group.until('every member is healthy', async () => {
      const answers = await Promise.all(members.map(isHealthy));
      return answers.every((healthy) => healthy);
    });
    return members.map(({ address }) => address);
  });
}

function command({ name, address, peer }: Member, cluster: string, folder: string): string[] {
  const options = {
    name,
    'data-dir': `${folder}/data`,
    'listen-client-urls': `http://${address}`,
    'advertise-client-urls': `http://${address}`,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': cluster,
    'initial-cluster-state': 'new',
    'quota-backend-bytes': String(quotaBytes),
    logger: 'zap',
    'log-level': 'warn',
  };
  return ['etcd', ...Object.entries(options).map(([option, value]) => `--${option}=${value}`)];
}

async function isHealthy({ address }: Member): Promise<boolean> {
  const answer = await fetch(`http://${address}/health`, { signal: AbortSignal.timeout(answerTimeoutMs) });
  const { health } = (await answer.json()) as { health?: unknown };
  return health === 'true';
}
