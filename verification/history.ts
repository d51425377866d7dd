/**
 * A history: the operations of clients, their times and their answers. It is the input of every check in this folder.
 * Pure data.
 *
 * Times are microseconds on one clock that all clients share. Only their order is used. An operation is one call of
 * one client, and a client has at most one in flight. A call without an answer, because the client's process died,
 * must be in the history as `unknown`: without it a correct history may look wrong.
 */

export type Call =
  | { readonly kind: 'get' }
  /** `ifVersion` 0: only if the key does not exist. */
  | { readonly kind: 'put'; readonly value: string; readonly ifVersion?: number }
  | { readonly kind: 'delete'; readonly ifVersion?: number };

export type Outcome =
  | { readonly kind: 'missing' }
  | { readonly kind: 'found'; readonly value: string; readonly version: number }
  /** A put or a delete was executed and gave the key this version. */
  | { readonly kind: 'written'; readonly version: number }
  /** A delete found no key. */
  | { readonly kind: 'nothingToDelete' }
  /** A condition did not hold: the key has this version, 0 if it does not exist. That proves as much as a read. */
  | { readonly kind: 'mismatch'; readonly version: number }
  /** Definitely not executed. */
  | { readonly kind: 'refused'; readonly code: string }
  /** A write may have been executed, may be executed later, or never. A read has no result. */
  | { readonly kind: 'unknown'; readonly code: string };

export interface Operation {
  readonly client: string;
  readonly key: string;
  readonly call: Call;
  readonly invokedAtUs: number;
  /** When the client received the answer or gave up. An unknown write may take effect later. */
  readonly returnedAtUs: number;
  readonly outcome: Outcome;
}

/** The results of the last reads, after every fault had ended. Undefined: the key does not exist. */
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
