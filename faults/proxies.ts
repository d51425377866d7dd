/**
 * The network for machines without the right to make namespaces: everything on 127.0.0.1, and a TCP proxy in front of
 * ZooKeeper for each node. It can cut a node from ZooKeeper, and nothing else: nodes and clients share addresses, so
 * what one node sends cannot be told from what another does.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { joinAddress } from '../src/config/index.js';
import type { Network, Place } from './network.js';
import { SilencingProxy } from './silencing-proxy.js';

const loopback = '127.0.0.1';

interface Link {
  readonly from: Place;
  readonly to: Place;
  readonly proxy: SilencingProxy;
}

export class ProxyNetwork implements Network {
  readonly kind = 'proxies';
  readonly cutsNodes = false;
  readonly #links: Link[] = [];

  async addPlace(name: string): Promise<Place> {
    return { name, address: loopback, prefix: [], port: freePort };
  }

  async route(from: Place, to: Place, port: number): Promise<string> {
    const proxy = await SilencingProxy.start(port);
    this.#links.push({ from, to, proxy });
    return joinAddress(loopback, proxy.port);
  }

  /** Both ways at once: half a TCP connection is of no use to anybody here. */
  async cut(from: Place, to: Place): Promise<void> {
    const links = this.#links.filter((link) => isBetween(link, from, to));
    if (links.length === 0) throw new Error(`there is no proxy between ${from.name} and ${to.name}`);
    for (const { proxy } of links) proxy.silence();
  }

  async heal(): Promise<void> {
    for (const { proxy } of this.#links) proxy.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#links.map(({ proxy }) => proxy.close()));
  }
}

function isBetween(link: Link, one: Place, other: Place): boolean {
  return (link.from === one && link.to === other) || (link.from === other && link.to === one);
}

/** Free a moment ago: another process may take it first, and the run fails with a message that says so. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, loopback);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
