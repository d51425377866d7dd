/**
 * The network of a run: places where processes run, and links between them that can be cut. It has two kinds:
 * namespaces.ts, in which every link can be cut in either direction, and proxies.ts for machines that do not permit
 * namespaces.
 */

/** A host of the network, on which one or more processes run. */
export interface Place {
  readonly name: string;
  /** The IP address on which processes of this place listen. */
  readonly address: string;
  /** The words before the command of a process, so that it runs here. */
  readonly prefix: readonly string[];
  /**
   * A port for a process of this place: the wanted one if the place has an address of its own, otherwise a free one.
   */
  port(wanted: number): Promise<number>;
}

export interface Network extends AsyncDisposable {
  readonly kind: 'namespaces' | 'proxies';
  /** Whether nodes and clients can be cut from each other. A node can be cut from ZooKeeper in any network. */
  readonly cutsNodes: boolean;
  /** The IP address at which every place reaches servers that this process starts beside the places. */
  readonly ownAddress: string;
  addPlace(name: string): Promise<Place>;
  /** host:port by which processes at `from` reach a server that listens on a port of `to`. */
  route(from: Place, to: Place, port: number): Promise<string>;
  /** Drops everything that `from` sends to `to`, silently. */
  cut(from: Place, to: Place): Promise<void>;
  /** Restores every link. */
  heal(): Promise<void>;
}

export async function cutBothWays(network: Network, one: Place, other: Place): Promise<void> {
  await network.cut(one, other);
  await network.cut(other, one);
}
