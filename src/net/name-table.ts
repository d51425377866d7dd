/**
 * What is known of host names, and which name is to be looked up next. Pure: time comes in, no I/O.
 *
 * The last addresses of a name are kept whatever later look-ups say: a name server that is silent or forgets a name for a
 * while changes nothing for those who use the name. Names that nobody uses any more are kept as well, up to a limit,
 * because a connection that is opened again needs the addresses of the one before it.
 */
export interface NameTablePolicy {
  /** A name in use whose addresses are known is looked up again after this time. */
  readonly refreshMs: number;
  /** Shortest time between two look-ups of one name: after a failure, or when a connection was lost. */
  readonly retryMs: number;
  /** Unused names beyond this number are forgotten, those first that have been unused for longest. */
  readonly maxUnused: number;
}

/** Why a look-up failed. */
export interface LookupFailure {
  /** Of the resolver, such as ENOTFOUND or EAI_AGAIN. */
  readonly code: string;
}

/** The same object as long as nothing changes. */
export interface NameState {
  /** Of the last look-up that succeeded, without repetitions; undefined: none has. */
  readonly addresses: readonly string[] | undefined;
  /** Of the last look-up; undefined: it succeeded, or there was none. */
  readonly failure: LookupFailure | undefined;
}

interface Entry {
  state: NameState;
  users: number;
  /** When the last look-up ended; undefined: there was none. */
  endedAtMs: number | undefined;
  /** A user has asked for a look-up since. */
  renewal: boolean;
}

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

  /** Asks for a look-up of a name in use, as soon as `retryMs` has passed since the last. */
  renew(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined && entry.users > 0) entry.renewal = true;
  }

  /** The name in use whose look-up is due first, now or later; those never looked up come before all others. */
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
      // A name server may answer in another order each time: that is no change.
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
