/**
 * ZooKeeper's connection string, `host:port[,host:port]…[/chroot]`, and the root znode under it.
 *
 * The chroot is put in front of the root here rather than left to the C client: that one fails every call when the chroot
 * does not exist yet, while a root is created when it is missing.
 */
import { formatAddresses, type Reading, readConnectString, readZnodePath } from '../config/index.js';
import { KvError } from '../errors.js';

export interface ZookeeperLocation {
  /** `host:port[,host:port]…`, with brackets around an IPv6 address. */
  readonly servers: string;
  /** Absolute, without a slash at the end; '' is ZooKeeper's own root. */
  readonly root: string;
}

/** @throws KvError INVALID_OPTION naming the option and the value. */
export function locate(connect: string, root: string): ZookeeperLocation {
  const { servers, chroot } = checked('--zk', connect, readConnectString);
  return { servers: formatAddresses(servers), root: chroot + checked('--root', root, readZnodePath) };
}

function checked<Value>(option: string, text: string, read: (text: string) => Reading<Value>): Value {
  const { value, refusal } = read(text);
  if (refusal === undefined) return value;
  throw new KvError('INVALID_OPTION', `${option}: ${JSON.stringify(text)} ${refusal}`);
}
