/**
 * Where processes run and how they reach each other, so that links can be cut. Two kinds: namespaces.ts, in which every
 * link can be cut in either direction, and proxies.ts for machines that do not permit it.
 */

/** Where one or more processes run, as one host of the network. */
export interface Place {
  readonly name: string;
  /** IP address that processes here listen on. */
  readonly address: string;
  /** Words before the command of a process that is to run here. */
  readonly prefix: readonly string[];
  /** A port for a process here to listen on; the one wanted where the place has an address of its own. */
  port(wanted: number): Promise<number>;
}

export interface Network extends AsyncDisposable {
  readonly kind: 'namespaces' | 'proxies';
  /** Whether nodes and clients can be cut from each other. A node can be cut from ZooKeeper in any network. */
  readonly cutsNodes: boolean;
  addPlace(name: string): Promise<Place>;
  /** host:port by which processes at `from` reach a server that listens on a port of `to`. */
  route(from: Place, to: Place, port: number): Promise<string>;
  /** What `from` sends does not arrive at `to` any more; nobody is told. */
  cut(from: Place, to: Place): Promise<void>;
  /** Every link works again. */
  heal(): Promise<void>;
}

export async function cutBothWays(network: Network, one: Place, other: Place): Promise<void> {
  await network.cut(one, other);
  await network.cut(other, one);
}
