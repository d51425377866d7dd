/**
 * Keeps the IP addresses of ZooKeeper's servers up to date.
 *
 * The native client would look up names itself, in the main thread and at every turn of its loop. That blocks the
 * whole process while a name server does not answer. So the native client receives literal addresses only.
 */
import { parseAddress } from '../../config/index.js';
import { type Resolver, resolver as sharedResolver, type UsedName } from '../../net/index.js';

/** The list stays empty for at most this long while the first look-up of some name is not answered. */
const defaultPatienceMs = 500;

export interface ServerAddressesOptions {
  readonly patienceMs?: number | undefined;
  readonly resolver?: Resolver | undefined;
}

interface NamedServer {
  readonly host: string;
  readonly port: number;
  readonly name: UsedName;
}

export class ServerAddresses {
  readonly #servers: readonly NamedServer[];
  readonly #onKnown: () => void;
  readonly #patience: NodeJS.Timeout;
  #isPatient = true;
  #closed = false;

  /**
   * @param servers host:port[,host:port]…
   * @param onKnown called whenever `list` may have changed: after each look-up and when `patienceMs` has passed.
   */
  constructor(servers: string, onKnown: () => void, options: ServerAddressesOptions = {}) {
    const { patienceMs = defaultPatienceMs, resolver = sharedResolver } = options;
    this.#onKnown = onKnown;
    this.#servers = servers.split(',').map((server) => {
      const { host, port } = parseAddress(server, '--zk');
      return { host, port, name: resolver.use(host, () => this.#learn()) };
    });
    this.#patience = setTimeout(() => {
      this.#isPatient = false;
      this.#learn();
    }, patienceMs);
  }

  #learn(): void {
    if (!this.#closed) this.#onKnown();
  }

  /**
   * Literal addresses with ports, each once. Empty until every name was looked up once, or `patienceMs` has passed.
   */
  get list(): readonly LiteralAddress[] {
    const isOpen = ({ name: { state } }: NamedServer): boolean => state.addresses === undefined && state.failure === undefined;
    if (this.#isPatient && this.#servers.some(isOpen)) return [];
    const all = new Map<string, LiteralAddress>();
    for (const { port, name } of this.#servers) {
      for (const host of name.state.addresses ?? []) all.set(`${host}:${port}`, { host, port });
    }
    return [...all.values()];
  }

  /** Requests another look-up of the names, because a connection was lost or could not be opened. */
  renew(): void {
    for (const { name } of this.#servers) name.renew();
  }

  /** The names without an address, as the end of a sentence; '' if every name has one. */
  get problems(): string {
    const problems = this.#servers.map(({ host, name: { state } }) => {
      if (state.addresses !== undefined) return '';
      if (state.failure === undefined) return `; the look-up of the name ${host} has not been answered`;
      return `; the name ${host} does not resolve (${state.failure.code})`;
    });
    return problems.join('');
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#patience);
    for (const { name } of this.#servers) name.release();
  }
}

export interface LiteralAddress {
  /** An IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The native client's own form: the port follows the last colon, and an IPv6 address stands without brackets. */
export function nativeConnectString(addresses: readonly LiteralAddress[]): string {
  return addresses.map(({ host, port }) => `${host}:${port}`).join(',');
}
