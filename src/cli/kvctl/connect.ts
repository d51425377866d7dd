/** Which cluster kvctl speaks to: named nodes, or whatever is registered in ZooKeeper. */
import { KvClient } from '../../client/index.js';
import { optionSpecs, parseAddressList, variableOf } from '../../config/index.js';
import { KvError } from '../../errors.js';

export interface ConnectionOptions {
  /** host:port[,host:port...] */
  readonly nodes: string | undefined;
  readonly zk: string | undefined;
  readonly root: string | undefined;
}

const nodesVariable = 'KVNODE_NODES';
const defaultZk = 'localhost:2181';
const defaultRoot = '/kvstore';

/** What was typed wins over the environment; of the two variables KVNODE_NODES, because it needs no ZooKeeper. */
export function chooseTarget(
  { nodes, zk, root }: ConnectionOptions,
  environment: Readonly<Record<string, string | undefined>>,
): { nodes: string[] } | { zk: string; root: string } {
  if (nodes !== undefined && zk !== undefined) throw new KvError('INVALID_OPTION', '--nodes and --zk exclude each other');
  if (nodes !== undefined && root !== undefined) throw new KvError('INVALID_OPTION', '--nodes and --root exclude each other');
  const saysZooKeeper = zk !== undefined || root !== undefined;
  const addresses = nodes ?? (saysZooKeeper ? undefined : environment[nodesVariable] || undefined);
  if (addresses === undefined)
    return {
      zk: checked('zk', zk, environment.KVNODE_ZK) ?? defaultZk,
      root: checked('root', root, environment.KVNODE_ROOT) ?? defaultRoot,
    };
  return { nodes: parseAddressList(addresses, nodes === undefined ? nodesVariable : '--nodes') };
}

/** What `connect` waits for. */
export function describeConnecting(options: ConnectionOptions): string {
  const target = chooseTarget(options, process.env);
  if ('nodes' in target) return `no node has answered yet at ${target.nodes.join(', ')}`;
  return `no node under ${target.root} has answered yet; ZooKeeper at ${target.zk} is to tell where they are`;
}

/** As for a node: the same words, and the place where the value was given. */
function checked(name: 'zk' | 'root', typed: string | undefined, inEnvironment: string | undefined): string | undefined {
  const value = typed ?? (inEnvironment || undefined);
  if (value === undefined) return undefined;
  const reason = optionSpecs[name].refusal(value);
  if (reason === undefined) return optionSpecs[name].canonical(value);
  const label = typed === undefined ? variableOf(name) : `--${name}`;
  throw new KvError('INVALID_OPTION', `${label}: "${value}" ${reason}`);
}

export function connect(options: ConnectionOptions, deadlineMs: number): Promise<KvClient> {
  return KvClient.connect({ ...chooseTarget(options, process.env), deadlineMs });
}
