/**
 * ZooKeeper's connection string, `host:port[,host:port]…[/chroot]`, and the root znode under it.
 *
 * The chroot is put in front of the root here rather than left to the C client: that one fails every call when the chroot
 * does not exist yet, while a root is created when it is missing.
 */
import { KvError } from '../errors.js';

export interface ZookeeperLocation {
  readonly servers: string;
  /** Absolute, without a slash at the end; '' is ZooKeeper's own root. */
  readonly root: string;
}

/** @throws KvError INVALID_OPTION naming the option and the value. */
export function locate(connect: string, root: string): ZookeeperLocation {
  const slash = connect.indexOf('/');
  const servers = (slash === -1 ? connect : connect.slice(0, slash)).trim();
  const chroot = slash === -1 ? '' : connect.slice(slash);
  if (servers.split(',').some((server) => !/^[^\s,]+:\d{1,5}$/.test(server))) {
    throw new KvError('INVALID_OPTION', `--zk must be host:port[,host:port]…[/chroot], not '${connect}'`);
  }
  return { servers, root: checkedPath(chroot, '--zk', connect) + checkedPath(root, '--root', root) };
}

function checkedPath(path: string, option: string, value: string): string {
  const trimmed = path.endsWith('/') ? path.slice(0, -1) : path;
  const steps = trimmed.split('/').slice(1);
  const legal =
    trimmed === '' || (trimmed.startsWith('/') && steps.every((step) => step !== '' && step !== '.' && step !== '..'));
  if (!legal) throw new KvError('INVALID_OPTION', `${option} must name an absolute znode path such as /kvstore, not '${value}'`);
  return trimmed;
}
