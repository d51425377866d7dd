/**
 * The known addresses of host names, and the name that is due for the next look-up. Pure: time is an argument, and no I/O.
 *
 * The table keeps the last addresses of a name when later look-ups fail. So a name server that is silent, or forgets a name for a
 * while, does not affect connections to that name. Unused names are kept as well, up to a limit, because a connection that is
 * opened again needs the addresses of the one before it.
 */
export interface NameTablePolicy {
  /** Time after which a name in use with known addresses is looked up again. */
  readonly refreshMs: number;
  /** Shortest time between two look-ups of one name: after a failure, or when a connection was lost. */
  readonly retryMs: number;
  /** Limits the unused names kept. The names that have been unused for longest are forgotten first. */
  readonly maxUnused: number;
}

/** Why a look-up failed. */
export interface LookupFailure {
  /** The resolver's code, such as ENOTFOUND or EAI_AGAIN. */
  readonly code: string;
}

/** What is known of a name. The table returns the same object until something changes. */
export interface NameState {
  /** The addresses, without repetitions, from the last look-up that succeeded; undefined if none has succeeded. */
  readonly addresses: readonly string[] | undefined;
  /** The failure of the last look-up; undefined if it succeeded or there was none. */
  readonly failure: LookupFailure | undefined;
}

interface Entry {
  state: NameState;
  users: number;
  /** When the last look-up ended; undefined if there was none. */
  endedAtMs: number | undefined;
  /** True if a user has requested a look-up since. */
  renewal: boolean;
}

/** A name, and when its next look-up is due. */
export interface DueName {
  readonly name: string;
  /** Negative infinity for a name that was never looked up. */
  readonly atMs: number;
}

const nothingKnown: NameState = { addresses: undefined, failure: undefined };

export class NameTable {
  readonly #policy: NameTablePolicy;
  /** Unused names stand in the order in which they became unused. */
  readonly #entries = new Map<string, Entry>();

  constructor(policy: NameTablePolicy) {
    this.#policy = policy;
  }

  state(name: string): NameState {
    return this.#entries.get(name)?.state ?? nothingKnown;
  }

  use(name: string): void {
    const known = this.#entries.get(name);
    if (known !== undefined) known.users += 1;
    else this.#entries.set(name, { state: nothingKnown, users: 1, endedAtMs: undefined, renewal: false });
  }

  unuse(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.users === 0) throw new Error(`${name} is not in use`);
    entry.users -= 1;
    if (entry.users > 0) return;
    entry.renewal = false;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    this.#forgetUnused();
  }

  #forgetUnused(): void {
    const unused = [...this.#entries].filter(([, { users }]) => users === 0);
    for (const [name] of unused.slice(0, Math.max(0, unused.length - this.#policy.maxUnused))) this.#entries.delete(name);
  }

  /** Requests a look-up of a name in use, as soon as `retryMs` has passed since the last one. */
  renew(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined && entry.users > 0) entry.renewal = true;
  }

  /** The name in use whose look-up is due first, now or later. Names that were never looked up come first. */
  get next(): DueName | undefined {
    let first: DueName | undefined;
    for (const [name, entry] of this.#entries) {
      if (entry.users === 0) continue;
      const atMs = this.#dueAtMs(entry);
      if (first === undefined || atMs < first.atMs) first = { name, atMs };
    }
    return first;
  }

  #dueAtMs({ state, endedAtMs, renewal }: Entry): number {
    if (endedAtMs === undefined) return Number.NEGATIVE_INFINITY;
    const isUrgent = renewal || state.addresses === undefined;
    return endedAtMs + (isUrgent ? this.#policy.retryMs : this.#policy.refreshMs);
  }

  succeeded(name: string, addresses: readonly string[], nowMs: number): void {
    this.#ended(name, nowMs, ({ addresses: before }) => {
      const found = [...new Set(addresses)];
      // Another order of the same addresses is no change: a name server may vary the order.
      return { addresses: before !== undefined && sameMembers(before, found) ? before : found, failure: undefined };
    });
  }

  failed(name: string, failure: LookupFailure, nowMs: number): void {
    this.#ended(name, nowMs, ({ addresses }) => ({ addresses, failure }));
  }

  #ended(name: string, nowMs: number, next: (before: NameState) => NameState): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    entry.endedAtMs = nowMs;
    entry.renewal = false;
    entry.state = next(entry.state);
  }
}

function sameMembers(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one));
}
