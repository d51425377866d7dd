/** The nodes that the command line or the environment names. This file needs less of the configuration than `choose-target.ts`. */
import { parseAddressList } from '../../config/address.js';
import type { Environment } from '../../config/environment.js';
import { KvError } from '../../errors.js';

export interface ConnectionOptions {
  /** host:port[,host:port...] */
  readonly nodes: string | undefined;
  readonly zk: string | undefined;
  readonly root: string | undefined;
}

const nodesVariable = 'KVNODE_NODES';

/** Undefined if they are to be found in ZooKeeper. @throws KvError INVALID_OPTION */
export function namedNodes({ nodes, zk, root }: ConnectionOptions, environment: Environment): string[] | undefined {
  if (nodes !== undefined && zk !== undefined) throw new KvError('INVALID_OPTION', '--nodes and --zk exclude each other');
  if (nodes !== undefined && root !== undefined) throw new KvError('INVALID_OPTION', '--nodes and --root exclude each other');
  const saysZooKeeper = zk !== undefined || root !== undefined;
  const addresses = nodes ?? (saysZooKeeper ? undefined : environment[nodesVariable] || undefined);
  return addresses === undefined ? undefined : parseAddressList(addresses, nodes === undefined ? nodesVariable : '--nodes');
}
