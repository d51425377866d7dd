/**
 * The one resolver of host names in the process: for ZooKeeper's servers as for the nodes that grpc-js connects to.
 *
 * Names are looked up by `dns.lookup`, so that the hosts file and search domains count as they do everywhere else on the
 * machine. It waits in a thread of libuv's pool, of which there are few, for as long as the name servers are silent: so
 * at most one look-up is under way. Nobody who uses a name that was found once waits for a look-up: its last addresses
 * are used until others are known (name-table.ts).
 *
 * A process ends only when the look-up under way has ended: that is a property of Node.js.
 */
import { isIP } from 'node:net';
import { lookUp } from './look-up.js';
import { type NameState, NameTable, type NameTablePolicy } from './name-table.js';

/** Rejects with an error that has a `code`. */
export type LookUp = (name: string) => Promise<readonly string[]>;

export type NameWatcher = (name: string, state: NameState, before: NameState) => void;

/** A name in use. */
export interface UsedName {
  readonly state: NameState;
  /** Asks for a look-up soon, because a connection was lost or could not be opened. */
  renew(): void;
  /** The last addresses are kept for the next user. Idempotent. */
  release(): void;
}

const defaultPolicy: NameTablePolicy = { refreshMs: 30_000, retryMs: 2_000, maxUnused: 1_000 };

export class Resolver {
  readonly #lookUp: LookUp;
  readonly #table: NameTable;
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #watchers = new Set<NameWatcher>();
  #timer: NodeJS.Timeout | undefined;
  #isLookingUp = false;

  constructor(lookUpName: LookUp = lookUp, policy: Partial<NameTablePolicy> = {}) {
    this.#lookUp = lookUpName;
    this.#table = new NameTable({ ...defaultPolicy, ...policy });
  }

  /**
   * Looks the name up, unless it is a literal address, and again from time to time until it is released.
   * @param onLookedUp called after each look-up, whatever came of it; never within `use` or `renew`.
   */
  use(name: string, onLookedUp: () => void): UsedName {
    if (isIP(name) !== 0) return literal(name);
    // Two users may pass the same function.
    const listener = (): void => onLookedUp();
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    const table = this.#table;
    table.use(name);
    this.#schedule();
    return {
      get state() {
        return table.state(name);
      },
      renew: () => {
        if (!listeners.has(listener)) return;
        table.renew(name);
        this.#schedule();
      },
      release: () => {
        if (!listeners.delete(listener)) return;
        if (listeners.size === 0) this.#listeners.delete(name);
        table.unuse(name);
      },
    };
  }

  /** Calls the watcher after each look-up of any name. @returns ends that. */
  watch(watcher: NameWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const due = this.#table.next;
    if (due === undefined || this.#isLookingUp) return;
    const delayMs = Math.max(0, due.atMs - performance.now());
    if (delayMs === 0) return void this.#look(due.name);
    this.#timer = setTimeout(() => this.#schedule(), delayMs);
    // Refreshing names is no reason for a process to go on.
    this.#timer.unref();
  }

  async #look(name: string): Promise<void> {
    this.#isLookingUp = true;
    const before = this.#table.state(name);
    try {
      const addresses = await this.#lookUp(name);
      this.#table.succeeded(name, addresses, performance.now());
    } catch (error) {
      this.#table.failed(name, { code: codeOf(error) }, performance.now());
    }
    this.#isLookingUp = false;
    this.#schedule();
    for (const watcher of this.#watchers) watcher(name, this.#table.state(name), before);
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener();
  }
}

/** Whoever needs another one, a test say, passes it in. */
export const resolver = new Resolver();

function literal(address: string): UsedName {
  return { state: { addresses: [address], failure: undefined }, renew() {}, release() {} };
}

function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : String(error);
}
