/**
 * A network of Linux network namespaces, one for each place. A bridge in a namespace of its own joins them, so the
 * machine's own network and firewall stay unchanged. One virtual cable connects this process to the bridge.
 *
 * A cut link drops packets at the receiver: connections stay open without traffic, as when a cable is pulled. Needs
 * root (CAP_NET_ADMIN and CAP_SYS_ADMIN), `ip` and `iptables`.
 */
import { joinAddress } from '../../src/config/index.js';
import type { Network, Place } from './network.js';
import { type RunScope, runCommandLine } from './run-scope.js';

/**
 * The number of subnets in 198.18.0.0/16. RFC 2544 reserves 198.18.0.0/15 for tests, so nothing else on the machine
 * should use it.
 */
const subnets = 256;
const subnetOf = (index: number): string => `198.18.${index}`;
const firstHost = 2;

interface NamespacePlace extends Place {
  readonly namespace: string;
}

export class NamespaceNetwork implements Network {
  readonly kind = 'namespaces';
  readonly cutsNodes = true;
  readonly ownAddress: string;
  readonly #scope: RunScope;
  readonly #hub: string;
  readonly #subnet: string;
  readonly #places: NamespacePlace[] = [];
  readonly #cut = new Set<NamespacePlace>();

  /** @returns the reason if the machine lacks what namespaces need */
  static async open(scope: RunScope): Promise<NamespaceNetwork | { readonly impossible: string }> {
    const hub = `${scope.namespaces}-hub`;
    try {
      await runCommandLine('iptables', '--version');
      await runCommandLine('ip', 'netns', 'add', hub);
      await runCommandLine('ip', '-n', hub, 'link', 'add', 'bridge', 'type', 'bridge');
      await runCommandLine('ip', '-n', hub, 'link', 'set', 'dev', 'bridge', 'up');
      return new NamespaceNetwork(scope, hub, await connectThisProcess(hub));
    } catch (error) {
      return { impossible: reasonOf(error) };
    }
  }

  private constructor(scope: RunScope, hub: string, subnet: string) {
    this.#scope = scope;
    this.#hub = hub;
    this.#subnet = subnet;
    this.ownAddress = `${subnet}.1`;
  }

  async addPlace(name: string): Promise<Place> {
    const namespace = `${this.#scope.namespaces}-${name}`;
    const address = `${this.#subnet}.${firstHost + this.#places.length}`;
    const prefix = ['ip', 'netns', 'exec', namespace];
    const place: NamespacePlace = { name, namespace, address, prefix, port: async (wanted) => wanted };
    const cable = `to-${this.#places.length}`;
    this.#places.push(place);
    await runCommandLine('ip', 'netns', 'add', namespace);
    await runCommandLine(
      'ip',
      'link',
      'add',
      'eth0',
      'netns',
      namespace,
      'type',
      'veth',
      'peer',
      'name',
      cable,
      'netns',
      this.#hub,
    );
    await runCommandLine('ip', '-n', this.#hub, 'link', 'set', 'dev', cable, 'master', 'bridge', 'up');
    await runCommandLine('ip', '-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    await runCommandLine('ip', '-n', namespace, 'link', 'set', 'dev', 'eth0', 'up');
    await runCommandLine('ip', '-n', namespace, 'link', 'set', 'dev', 'lo', 'up');
    return place;
  }

  async route(_from: Place, to: Place, port: number): Promise<string> {
    return joinAddress(to.address, port);
  }

  async cut(from: Place, to: Place): Promise<void> {
    const receiver = this.#places.find((place) => place.name === to.name);
    if (receiver === undefined) throw new Error(`there is no place ${to.name}`);
    this.#cut.add(receiver);
    await runCommandLine(...iptables(receiver), '-A', 'INPUT', '-s', from.address, '-j', 'DROP');
  }

  async heal(): Promise<void> {
    for (const receiver of this.#cut) await runCommandLine(...iptables(receiver), '-F', 'INPUT');
    this.#cut.clear();
  }

  /** The scope deletes the namespaces, and the cables with them. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

function iptables(place: NamespacePlace): [string, ...string[]] {
  return ['ip', 'netns', 'exec', place.namespace, 'iptables', '-w'];
}

/**
 * Finds a free subnet. Its number is in the name of the cable, so two runs cannot take the same one. @returns its
 * first three numbers.
 */
async function connectThisProcess(hub: string): Promise<string> {
  const inUse = await runCommandLine('ip', '-o', '-4', 'addr');
  for (let index = 0; index < subnets; index += 1) {
    const subnet = subnetOf(index);
    if (inUse.includes(` ${subnet}.`)) continue;
    const cable = `kvfaults${index}`;
    const added = runCommandLine('ip', 'link', 'add', cable, 'type', 'veth', 'peer', 'name', 'parent', 'netns', hub);
    if (!(await added.then(() => true, isTaken))) continue;
    await runCommandLine('ip', '-n', hub, 'link', 'set', 'dev', 'parent', 'master', 'bridge', 'up');
    await runCommandLine('ip', 'addr', 'add', `${subnet}.1/24`, 'dev', cable);
    await runCommandLine('ip', 'link', 'set', 'dev', cable, 'up');
    return subnet;
  }
  throw new Error('no subnet is free');
}

function reasonOf(error: unknown): string {
  const { code, path, message = String(error) } = error as Partial<NodeJS.ErrnoException>;
  return code === 'ENOENT' ? `there is no ${path}; on Debian: apt-get install iproute2 iptables` : message.trim();
}

function isTaken(error: Error): false {
  if (error.message.includes('File exists')) return false;
  throw error;
}
