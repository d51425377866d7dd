/** Which cluster kvctl speaks to: named nodes, or whatever is registered in ZooKeeper. */
import { KvClient } from '../../client/index.js';
import { KvError } from '../../errors.js';

export interface ConnectionOptions {
  /** host:port[,host:port...] */
  readonly nodes: string | undefined;
  readonly zk: string | undefined;
  readonly root: string | undefined;
}

const defaultZk = 'localhost:2181';
const defaultRoot = '/kvstore';

/** What was typed wins over the environment; of the two variables KVNODE_NODES, because it needs no ZooKeeper. */
export function chooseTarget(
  { nodes, zk, root }: ConnectionOptions,
  environment: Readonly<Record<string, string | undefined>>,
): { nodes: string[] } | { zk: string; root: string } {
  if (nodes !== undefined && zk !== undefined) throw new KvError('INVALID_OPTION', '--nodes and --zk exclude each other');
  const addresses = nodes ?? (zk === undefined ? environment.KVNODE_NODES || undefined : undefined);
  if (addresses === undefined)
    return { zk: zk ?? (environment.KVNODE_ZK || defaultZk), root: root ?? (environment.KVNODE_ROOT || defaultRoot) };
  const list = addresses.split(',').map((address) => address.trim());
  for (const address of list) {
    if (!/^\S+:\d{1,5}$/.test(address))
      throw new KvError('INVALID_OPTION', `--nodes: "${addresses}" must be host:port[,host:port...]`);
  }
  return { nodes: list };
}

export function connect(options: ConnectionOptions, deadlineMs: number): Promise<KvClient> {
  return KvClient.connect({ ...chooseTarget(options, process.env), deadlineMs });
}
