/**
 * The network for machines that do not permit namespaces: every process is on 127.0.0.1, and each node has a TCP proxy
 * in front of ZooKeeper. It can only cut a node from ZooKeeper: nodes and clients share an address, so their traffic
 * cannot be distinguished.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { joinAddress } from '../../src/config/index.js';
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
  readonly ownAddress = loopback;
  readonly #links: Link[] = [];

  async addPlace(name: string): Promise<Place> {
    return { name, address: loopback, prefix: [], port: freePort };
  }

  async route(from: Place, to: Place, port: number): Promise<string> {
    const proxy = await SilencingProxy.start(port);
    this.#links.push({ from, to, proxy });
    return joinAddress(loopback, proxy.port);
  }

  /** Cuts both directions at once: a proxy of TCP connections cannot usefully cut one. */
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

/** A port that is free now. Another process may take it first; then the run fails with a message about that. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, loopback);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
