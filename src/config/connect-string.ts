/**
 * ZooKeeper's connection string, `host:port[,host:port]…[/chroot]`, and paths of znodes.
 *
 * This is the only place that parses them. A slash at the end of any path is ignored.
 */
import { type Address, formatAddresses, readAddresses } from './address.js';
import { accepted, type Reading } from './reading.js';

export interface ConnectString {
  readonly servers: readonly Address[];
  /** Absolute, without a slash at the end; '' if there is none. */
  readonly chroot: string;
}

/** A slash at the end does not count: `a:2181/` is `a:2181`, `a:2181/apps/` is `a:2181/apps`. */
export function readConnectString(text: string): Reading<ConnectString> {
  const slash = text.indexOf('/');
  const servers = readAddresses(slash === -1 ? text : text.slice(0, slash));
  if (servers.refusal !== undefined) return servers;
  const chroot = slash === -1 ? { value: '' } : readZnodePath(text.slice(slash));
  if (chroot.refusal !== undefined) return { refusal: `ends with "${text.slice(slash)}", which ${chroot.refusal}` };
  return { value: { servers: servers.value, chroot: chroot.value } };
}

export function formatConnectString({ servers, chroot }: ConnectString): string {
  return `${formatAddresses(servers)}${chroot}`;
}

/** @returns the path without a slash at its end: `/kvstore/` is `/kvstore`, and `/`, the topmost znode, is ''. */
export function readZnodePath(text: string): Reading<string> {
  const path = text.replace(/\/$/, '');
  if (text === '' || !/^(?:\/[A-Za-z0-9._-]+)*$/.test(path))
    return { refusal: 'must be a path such as /kvstore, made of / and A-Z a-z 0-9 . _ -' };
  const parts = path.split('/').slice(1);
  if (parts.includes('.') || parts.includes('..')) return { refusal: 'must not contain . or .. as a part' };
  return parts[0] === 'zookeeper' ? { refusal: "must not lie in /zookeeper, which is ZooKeeper's own" } : { value: path };
}

/** The servers to connect to, and the path of the root znode on them. */
export interface ZookeeperLocation {
  /** `host:port[,host:port]…`, with brackets around an IPv6 address. */
  readonly servers: string;
  /** Absolute, without a slash at the end; '' is ZooKeeper's own root. */
  readonly root: string;
}

/**
 * Puts the chroot in front of the root. The C client receives no chroot: it would fail every call while the chroot
 * does not exist, whereas kvnode creates a root that is missing.
 *
 * @throws KvError INVALID_OPTION naming the option and the value.
 */
export function locateRoot(connect: string, root: string): ZookeeperLocation {
  const { servers, chroot } = accepted('--zk', connect, readConnectString);
  return { servers: formatAddresses(servers), root: chroot + accepted('--root', root, readZnodePath) };
}
