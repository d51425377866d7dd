/**
 * What clients did, when, and what they were told: the input of every check in this folder. Pure data.
 *
 * Times are microseconds on one clock that all clients share; only their order is used. An operation is one call of one
 * client; a client has at most one under way. What a client was never told about (its process died with a call under
 * way) must be put into the history as `unknown`: an operation that is missing may make a correct history look wrong.
 */

export type Call =
  | { readonly kind: 'get' }
  /** `ifVersion` 0: only if the key does not exist. */
  | { readonly kind: 'put'; readonly value: string; readonly ifVersion?: number }
  | { readonly kind: 'delete'; readonly ifVersion?: number };

export type Outcome =
  | { readonly kind: 'missing' }
  | { readonly kind: 'found'; readonly value: string; readonly version: number }
  /** A put or a delete was carried out and gave the key this version. */
  | { readonly kind: 'written'; readonly version: number }
  /** A delete met no key. */
  | { readonly kind: 'nothingToDelete' }
  /** A condition did not hold: the key is at this version, 0 if it does not exist. It tells as much as a read. */
  | { readonly kind: 'mismatch'; readonly version: number }
  /** Definitely not executed. */
  | { readonly kind: 'refused'; readonly code: string }
  /** A write may have been executed, or may yet be, or never; of a read nothing is known. */
  | { readonly kind: 'unknown'; readonly code: string };

export interface Operation {
  readonly client: string;
  readonly key: string;
  readonly call: Call;
  readonly invokedAtUs: number;
  /** When the client was answered or gave up. The effect of an unknown write may come later. */
  readonly returnedAtUs: number;
  readonly outcome: Outcome;
}

/** What the last reads found, after every fault had ended: undefined for a key that does not exist. */
export type FinalState = ReadonlyMap<string, { readonly value: string; readonly version: number } | undefined>;

export function byKey(history: readonly Operation[]): Map<string, Operation[]> {
  const groups = new Map<string, Operation[]>();
  for (const operation of history) {
    const group = groups.get(operation.key);
    if (group === undefined) groups.set(operation.key, [operation]);
    else group.push(operation);
  }
  return groups;
}
