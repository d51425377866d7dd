/**
 * The resolver of host names, one for the process: for ZooKeeper's servers, and for the nodes that grpc-js connects to.
 *
 * It uses `dns.lookup`, so the hosts file and search domains count as elsewhere on the machine. A look-up occupies a thread of
 * libuv's pool for as long as the name servers are silent. The pool has few threads, so at most one look-up runs at a time. A
 * connection to a name that was found once never waits for a look-up: its last addresses serve until others are known
 * (name-table.ts).
 *
 * Node.js ends a process only after the running look-up has ended.
 */
import { isIP } from 'node:net';
import { lookUp } from './look-up.js';
import { type NameState, NameTable, type NameTablePolicy } from './name-table.js';

/** Rejects with an error that has a `code`. */
export type LookUp = (name: string) => Promise<readonly string[]>;

/** Called after each look-up with the state after and before it. */
export type NameWatcher = (name: string, state: NameState, before: NameState) => void;

/** A name in use. */
export interface UsedName {
  readonly state: NameState;
  /** Requests a look-up soon, because a connection was lost or could not be opened. */
  renew(): void;
  /** Ends the use. The last addresses are kept for the next user. Idempotent. */
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
   * Looks the name up, unless it is a literal address, and repeats that from time to time until the name is released.
   *
   * @param onLookedUp called after each look-up, successful or not; never within `use` or `renew`.
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

  /** Calls the watcher after each look-up of any name. @returns a function that ends the calls. */
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
    // The refreshing of names must not keep the process running.
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

/** The resolver of this process. Code that needs another one, such as a test, passes it as an argument. */
export const resolver = new Resolver();

function literal(address: string): UsedName {
  return { state: { addresses: [address], failure: undefined }, renew() {}, release() {} };
}

function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : String(error);
}
