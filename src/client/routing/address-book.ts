/**
 * The addresses that a client starts from: given by the caller, or read from ZooKeeper at the start and again whenever no known node
 * answers.
 */
import { formatAddress, parseAddress } from '../../config/address.js';
import { KvError } from '../../errors.js';
import { monotonicNowMs } from '../call-limits.js';

/** Shortest time between two reads, so that the clients of a cluster that is down do not overload ZooKeeper. */
const minRefreshIntervalMs = 1_000;

/** Resolves to host:port of every live node; may be empty. */
export type AddressSource = () => Promise<readonly string[]>;

export class AddressBook {
  readonly #source: AddressSource;
  readonly #onChange: () => void;
  #addresses: readonly string[] = [];
  #reading: Promise<void> | undefined;
  #lastReadAtMs = Number.NEGATIVE_INFINITY;
  #lastError: unknown;

  constructor(source: AddressSource, onChange: () => void) {
    this.#source = source;
    this.#onChange = onChange;
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** Why the last read failed; undefined if it succeeded. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Reads the source again unless it was read just now. One read at a time; never rejects. */
  refresh(): Promise<void> {
    if (this.#reading === undefined && monotonicNowMs() - this.#lastReadAtMs >= minRefreshIntervalMs) {
      this.#reading = this.#read().finally(() => {
        this.#reading = undefined;
        this.#lastReadAtMs = monotonicNowMs();
      });
    }
    return this.#reading ?? Promise.resolve();
  }

  async #read(): Promise<void> {
    try {
      const addresses = await this.#source();
      this.#lastError = undefined;
      if (JSON.stringify(addresses) === JSON.stringify(this.#addresses)) return;
      this.#addresses = addresses;
      this.#onChange();
    } catch (error) {
      this.#lastError = error;
    }
  }
}

/** @throws KvError INVALID_OPTION if one is not host:port, or there is none. */
export function fixedAddresses(nodes: readonly string[]): AddressSource {
  if (nodes.length === 0) throw new KvError('INVALID_OPTION', 'nodes must name at least one address');
  const addresses = [...new Set(nodes.map((node) => formatAddress(parseAddress(node, 'nodes'))))];
  return async () => addresses;
}

/** The ZooKeeper module is loaded when it is first needed: its native part works in one thread of a process only. */
export function addressesFromZooKeeper(zk: string, root: string, timeoutMs: number): AddressSource {
  return async () => {
    const { discoverNodes } = await import('../../coordination/index.js');
    return discoverNodes(zk, root, timeoutMs);
  };
}
